-- duration: "250ms", "1s", "1.5m", "2h", "1d" to whole milliseconds.
-- Takes strings only, so that nobody has to remember a unit; at most 366 days.
-- parse returns milliseconds, or nil and what is wrong.
local duration = { HINT = 'a duration is a string like "250ms", "10s", "5m", "2h" or "1d"' }

local UNITS = { ms = 1, s = 1000, m = 60 * 1000, h = 3600 * 1000, d = 86400 * 1000 }
local LONGEST = 366 * UNITS.d

function duration.parse(value)
    if type(value) ~= "string" then
        return nil, "is a " .. type(value)
    end
    local count, unit = value:match("^(%d+%.?%d*)(%a+)$")
    if not count or not UNITS[unit] then
        return nil, "does not parse"
    end
    local ms = tonumber(count) * UNITS[unit]
    if ms > LONGEST then
        return nil, "is over 366 days"
    end
    return math.tointeger(ms) or math.floor(ms + 0.5)
end

return duration
