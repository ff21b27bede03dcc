-- conform: every way in which a payload differs from a schema that schema.lua has read.
-- What a payload may be is told by path, "input.items[3].qty: must be at least 1, got 0"; a keyword
-- for a type says nothing about values of other types.
local host, use = ...
local spelling = use "spelling"
local text = use "text"
local violations = use "violations"

local conform = {}

local check

local function holds(types, value)
    return types.names[violations.type_of(value)]
        or types.names.integer and math.type(value) == "integer"
end

local function same(known, value)
    if type(value) == "number" then
        return known.value == value
    end
    return type(value) == type(known.value)
        and host.encode(value, host.limits.event) == known.json
end

local function shown(value)
    local kind = violations.type_of(value)
    if kind == "string" then
        return ('"%s"'):format(text.show(value))
    end
    return (kind == "object" or kind == "array") and text.a(kind) or tostring(value)
end

local function one_of(words, path, value, found)
    found[#found + 1] = ("%s: expected %s%s, got %s"):format(path,
        words:find(", ", 1, true) and "one of " or "", words, shown(value))
end

local function check_constants(schema, value, path, found)
    if schema.const and not same(schema.const, value) then
        one_of(text.cut(schema.const.json, 60), path, value, found)
    end
    for _, known in ipairs(schema.enum and schema.enum.list or {}) do
        if same(known, value) then
            return
        end
    end
    if schema.enum then
        one_of(schema.enum.words, path, value, found)
    end
end

local function check_number(schema, value, path, found)
    if schema.minimum and value < schema.minimum then
        found[#found + 1] = ("%s: must be at least %s, got %s"):format(path, schema.minimum, value)
    elseif schema.maximum and value > schema.maximum then
        found[#found + 1] = ("%s: must be at most %s, got %s"):format(path, schema.maximum, value)
    end
end

local function check_size(count, least, most, unit, path, found)
    if least and count < least then
        found[#found + 1] = ("%s: must have at least %d %s, has %d"):format(path, least, unit,
                                                                             count)
    elseif most and count > most then
        found[#found + 1] = ("%s: must have at most %d %s, has %d"):format(path, most, unit, count)
    end
end

local function check_string(schema, value, path, found)
    check_size(utf8.len(value) or #value, schema.minLength, schema.maxLength, "characters", path,
               found)
    if schema.pattern then
        local ok, at = pcall(string.find, value, schema.pattern)
        if not ok or not at then
            found[#found + 1] = ("%s: must match %s, got %s"):format(path, schema.pattern,
                                                                    shown(value))
        end
    end
end

local function check_array(schema, value, path, found)
    check_size(#value, schema.minItems, schema.maxItems, "items", path, found)
    for i = 1, schema.items and #value or 0 do
        check(schema.items, value[i], ("%s[%d]"):format(path, i), found)
    end
end

local function check_others(schema, value, path, found)
    local known = schema.properties and schema.properties.of or {}
    local others = schema.additionalProperties
    for _, name in ipairs(text.names(value)) do
        local inner = path .. "." .. text.show(name)
        if known[name] == nil and not others.allowed then
            local near = spelling.nearest(name, known)
            found[#found + 1] = ("%s: is no property of it%s"):format(inner,
                near and (', did you mean "%s"?'):format(near) or "")
        elseif known[name] == nil and others.schema then
            check(others.schema, value[name], inner, found)
        end
    end
end

local function check_alternative(choice, value, path, found)
    local tag = value[choice.tag]
    local chosen = tag ~= nil and choice.by_tag[host.encode(tag, host.limits.event) or ""]
    if tag == nil then
        violations.missing(path .. "." .. choice.tag, found)
    elseif chosen then
        check(chosen, value, path, found)
    else
        one_of(choice.words, path .. "." .. choice.tag, tag, found)
    end
end

local function check_object(schema, value, path, found)
    local told = {}
    for _, name in ipairs(schema.required or {}) do
        if value[name] == nil and not told[name] then
            told[name] = true
            violations.missing(path .. "." .. name, found)
        end
    end
    local properties = schema.properties
    for _, name in ipairs(properties and properties.names or {}) do
        if value[name] ~= nil then
            check(properties.of[name], value[name], path .. "." .. name, found)
        end
    end
    if schema.additionalProperties then
        check_others(schema, value, path, found)
    end
end

function check(schema, value, path, found)
    if schema.type and not holds(schema.type, value) then
        return violations.mismatch(path, schema.type.words, value, found)
    end
    check_constants(schema, value, path, found)
    local kind = violations.type_of(value)
    if kind == "number" then
        check_number(schema, value, path, found)
    elseif kind == "string" then
        check_string(schema, value, path, found)
    elseif kind == "array" then
        check_array(schema, value, path, found)
    elseif kind == "object" then
        check_object(schema, value, path, found)
    end
    if schema.oneOf and kind == "object" then
        check_alternative(schema.oneOf, value, path, found)
    elseif schema.oneOf then
        violations.mismatch(path, "object", value, found)
    end
end

-- nil when the payload is as the schema wants it; else all violations in one line.
function conform.violations(schema, payload)
    local found = {}
    check(schema, payload, "input", found)
    return violations.told(found)
end

return conform
