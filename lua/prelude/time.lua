-- time: RFC 3339 and Unix seconds: "2026-11-25T22:53:38.123Z" there and back.
-- Any offset is taken, UTC is given; milliseconds count, finer fractions are cut.
-- parse returns nil and what is wrong.
local host, use = ...
local date = use "date"

local time = {}

-- seconds: Unix time, or nil: now.
function time.iso(seconds)
    local ms = seconds and math.floor(seconds * 1000 + 0.5) or host.wall_ms()
    local year, month, day = date.civil(ms // 86400000)
    local of_day = ms % 86400000
    return ("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"):format(
        year, month, day, of_day // 3600000, of_day // 60000 % 60, of_day // 1000 % 60,
        of_day % 1000)
end

local function offset_of(zone)
    if zone == "Z" or zone == "z" then
        return 0
    end
    local sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
    if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
        return nil
    end
    return (sign == "-" and -1 or 1) * (tonumber(hours) * 3600 + tonumber(minutes) * 60)
end

function time.parse(value)
    local y, mo, d, h, mi, s, fraction, zone =
        value:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(%.?%d*)(.*)$")
    if not y or fraction == "." then
        return nil, 'is not like "2026-11-25T22:53:38Z"'
    end
    local offset = offset_of(zone)
    if zone == "" then
        return nil, 'has no zone: Z, or one like "+01:00"'
    elseif not offset then
        return nil, 'has a zone that is neither Z nor like "+01:00"'
    elseif tonumber(h) > 23 or tonumber(mi) > 59 or tonumber(s) > 60 then
        return nil, "has a time of day that there is not"
    end
    local days = date.days(tonumber(y), tonumber(mo), tonumber(d))
    local cy, cm, cd = date.civil(days)
    if cy ~= tonumber(y) or cm ~= tonumber(mo) or cd ~= tonumber(d) then
        return nil, "has a day that there is not"
    end
    local whole = days * 86400 + tonumber(h) * 3600 + tonumber(mi) * 60 + tonumber(s) - offset
    local ms = fraction ~= "" and math.tointeger((fraction:sub(2) .. "00"):sub(1, 3)) or 0
    return ms > 0 and (whole * 1000 + ms) / 1000 or whole
end

return time
