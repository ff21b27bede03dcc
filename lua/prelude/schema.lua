-- schema: input_schema: a subset of JSON Schema, written as a table of Lua, read into what
-- conform.lua checks payloads with: keyword -> what its reader made of it. pattern is one of Lua's;
-- the alternatives of oneOf are told apart by a property with const.
local host, use = ...
local conform = use "conform"
local lua_pattern = use "lua_pattern"
local spelling = use "spelling"
local text = use "text"

local schema = {}

local TYPES = { string = true, number = true, integer = true, boolean = true, object = true,
                array = true, null = true }
local DEPTH_MAX = 32
local IGNORED = { title = true, description = true }

-- Keyword -> reader(value, path, reading, depth) -> what the checks need; nil when it told a
-- problem. reading: {problems}.
local keywords = {}
local read

local function tell(reading, path, message, hint, code)
    local list = reading.problems
    list[#list + 1] = { code = code or "option.type", message = path .. message, hint = hint,
                        option = path }
end

local function must_be(reading, path, expected, value, hint)
    tell(reading, path, (" must be %s, got %s"):format(expected, text.show(value)), hint)
end

-- Whether it is a list with something in it.
local function is_list(value)
    if type(value) ~= "table" then
        return false
    end
    local count = 0
    for _ in pairs(value) do
        count = count + 1
    end
    return count > 0 and count == #value
end

function keywords.type(value, path, reading)
    local list = type(value) == "string" and { value } or value
    if not is_list(list) then
        return must_be(reading, path, "a type's name or a list of them", value,
                       spelling.hint("", TYPES))
    end
    local types = {}
    for _, name in ipairs(list) do
        if not TYPES[name] then
            return tell(reading, path, (': unknown type "%s"'):format(text.show(name)),
                        spelling.hint(text.show(name), TYPES))
        end
        types[name] = true
    end
    return { words = table.concat(list, " or "), names = types }
end

function keywords.properties(value, path, reading, depth)
    if type(value) ~= "table" or is_list(value) then
        return must_be(reading, path, "a table of names and schemas",
                       is_list(value) and "a list" or value,
                       'properties = { name = { type = "string" } }')
    end
    local properties = {}
    for _, name in ipairs(text.names(value)) do
        local inner = path .. "." .. text.show(name)
        if type(name) == "string" then
            properties[name] = read(value[name], inner, reading, depth + 1)
        else
            must_be(reading, inner, "a property with a name", name)
        end
    end
    return { of = properties, names = text.names(properties) }
end

function keywords.required(value, path, reading)
    if type(value) == "table" and next(value) == nil then
        return {}
    end
    for _, name in ipairs(is_list(value) and value or { false }) do
        if type(name) ~= "string" then
            return must_be(reading, path, "a list of names", name or value,
                           'required = { "name" }')
        end
    end
    return table.move(value, 1, #value, 1, {})
end

function keywords.items(value, path, reading, depth)
    return read(value, path, reading, depth + 1)
end

-- A constant: {json, value}; numbers are the same as their value is, the rest as their JSON.
local function constant(value, path, reading)
    local json, _, reason = host.encode(value, host.limits.event)
    if not json then
        return tell(reading, path, " cannot be JSON: " .. reason)
    end
    return { json = json, value = value }
end

keywords.const = constant

function keywords.enum(value, path, reading)
    if not is_list(value) then
        return must_be(reading, path, "a list of values", value, 'enum = { "small", "large" }')
    end
    local list, shown = {}, {}
    for i, one in ipairs(value) do
        list[i] = constant(one, ("%s[%d]"):format(path, i), reading)
        shown[i] = list[i] and text.cut(list[i].json, 60)
    end
    return { list = list, words = table.concat(shown, ", ") }
end

local function limit(value, path, reading)
    if type(value) ~= "number" or value ~= value then
        return must_be(reading, path, "a number", value)
    end
    return value
end

local function size(value, path, reading)
    if math.type(value) ~= "integer" or value < 0 then
        return must_be(reading, path, "a whole number, 0 or more", value)
    end
    return value
end

keywords.minimum, keywords.maximum = limit, limit
keywords.minLength, keywords.maxLength = size, size
keywords.minItems, keywords.maxItems = size, size

function keywords.pattern(value, path, reading)
    if type(value) ~= "string" then
        return must_be(reading, path, "a pattern of Lua", value, 'pattern = "^%d+$"')
    end
    local reason = lua_pattern.problem(value)
    if reason then
        return tell(reading, path, (' "%s" is no pattern of Lua: %s'):format(text.show(value),
                    reason), "%d is a digit, %a a letter, %. a dot; see Lua's manual, 6.4.1")
    end
    return value
end

function keywords.additionalProperties(value, path, reading, depth)
    if type(value) == "boolean" then
        return { allowed = value }
    elseif type(value) ~= "table" then
        return must_be(reading, path, "true, false or a schema", value)
    end
    return { allowed = true, schema = read(value, path, reading, depth + 1) }
end

-- JSON of the property's const in one alternative, or nil.
local function tag_of(alternative, name)
    local property = alternative.properties and alternative.properties.of[name]
    return property and property.const and property.const.json
end

-- The alternatives by the JSON of that property's const; nil when it does not tell them apart.
local function told_apart(alternatives, name)
    local by_tag, words = {}, {}
    for i, alternative in ipairs(alternatives) do
        local tag = tag_of(alternative, name)
        if not tag or by_tag[tag] then
            return nil
        end
        by_tag[tag], words[i] = alternative, tag
    end
    return { tag = name, by_tag = by_tag, words = table.concat(words, ", ") }
end

function keywords.oneOf(value, path, reading, depth)
    if not is_list(value) then
        return must_be(reading, path, "a list of schemas", value)
    end
    local alternatives, before = {}, #reading.problems
    for i, one in ipairs(value) do
        alternatives[i] = read(one, ("%s[%d]"):format(path, i), reading, depth + 1)
    end
    if #reading.problems > before then
        return nil
    end
    local first = alternatives[1].properties
    for _, name in ipairs(first and first.names or {}) do
        local choice = told_apart(alternatives, name)
        if choice then
            return choice
        end
    end
    tell(reading, path, ": no property tells the alternatives apart",
         'give each a property with a const of its own: { properties = { kind = { const = "card" '
         .. "} } }")
end

function read(value, path, reading, depth)
    if type(value) ~= "table" or is_list(value) then
        return must_be(reading, path, "a table", is_list(value) and "a list" or value,
                       '{ type = "string" }')
    elseif depth > DEPTH_MAX then
        return tell(reading, path, (": schemas are nested over %d deep"):format(DEPTH_MAX))
    end
    local parsed = {}
    for _, keyword in ipairs(text.names(value)) do
        local reader, inner = keywords[keyword], path .. "." .. text.show(keyword)
        if reader then
            parsed[keyword] = reader(value[keyword], inner, reading, depth)
        elseif not IGNORED[keyword] then
            tell(reading, inner, ": unknown keyword", spelling.hint(text.show(keyword), keywords),
                 "option.unknown")
        end
    end
    return parsed
end

-- The schema as violations takes it, and a list of problems {code, message, hint, option}.
function schema.parse(value)
    local reading = { problems = {} }
    return read(value, "input_schema", reading, 1), reading.problems
end

-- What an absent payload counts as: an empty object, where one may be.
function schema.absent(parsed)
    local types = parsed.type and parsed.type.names
    return (not types or types.object) and host.object({}) or host.null
end

-- nil when the payload is as the schema wants it; else all violations in one line.
schema.violations = conform.violations

return schema
