-- violations: the words in which a payload is told how it differs from what was declared, for
-- shapes (input.lua) and schemas (schema.lua) alike: "input.items[3].qty: expected integer, got
-- string; ...", at most MOST of them.
local host = ...

local violations = {}

local MOST = 20

local function is_array(value)
    if next(value) == nil then
        return host.encode(value, 8) == "[]"
    end
    return value[1] ~= nil
end

-- The type of a value of JSON; an integer is a number here.
function violations.type_of(value)
    if value == host.null or value == nil then
        return "null"
    elseif type(value) == "table" then
        return is_array(value) and "array" or "object"
    end
    return type(value)
end

function violations.mismatch(path, expected, value, found)
    found[#found + 1] = ("%s: expected %s, got %s"):format(path, expected,
                                                            violations.type_of(value))
end

function violations.missing(path, found)
    found[#found + 1] = path .. ": missing"
end

-- All of them in one line; nil when there are none.
function violations.told(found)
    if #found > MOST then
        found[MOST + 1] = ("and %d more"):format(#found - MOST)
    end
    return found[1] and table.concat(found, "; ", 1, math.min(#found, MOST + 1)) or nil
end

return violations
