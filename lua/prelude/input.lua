-- input: the shape that a flow's payload must have, and every way in which one differs.
-- "string" "number" "integer" "boolean" "any" "table" "object" ("?" behind: may be absent or null),
-- { shape } is a list of it, { name = shape } an object; keys that no shape names are let be.
local host, use = ...
local spelling = use "spelling"
local text = use "text"
local violations = use "violations"

local input = {}

local TYPES = { string = true, number = true, integer = true, boolean = true, any = true,
                table = true, object = true }
local DEPTH_MAX = 32

local parse

local function problem(path, message, hint)
    return { code = "option.type", message = path .. ": " .. message, hint = hint,
             option = path }
end

local function parse_leaf(value, path, problems)
    local name, mark = value:match("^(%a+)(%??)$")
    if not TYPES[name] then
        problems[#problems + 1] = problem(path, ('unknown type "%s"'):format(text.show(value)),
                                          spelling.hint(name or value, TYPES))
        return nil
    end
    return { leaf = name, optional = mark == "?" }
end

local function parse_object(value, path, problems, depth)
    local fields = {}
    for key, field in pairs(value) do
        if type(key) == "string" then
            fields[key] = parse(field, path .. "." .. text.show(key), problems, depth + 1)
        else
            problems[#problems + 1] = problem(path, "a shape is a list of one shape or an object",
                                              'tags = { "string" }, address = { city = "string" }')
        end
    end
    return { fields = fields }
end

function parse(value, path, problems, depth)
    if type(value) == "string" then
        return parse_leaf(value, path, problems)
    elseif type(value) ~= "table" or depth > DEPTH_MAX then
        problems[#problems + 1] = problem(path, "a shape is a type's name or a table",
                                          spelling.hint("", TYPES))
        return nil
    elseif value[1] ~= nil and next(value, next(value)) == nil then
        return { list = parse(value[1], path .. "[]", problems, depth + 1) }
    end
    return parse_object(value, path, problems, depth)
end

-- The shape, and a list of problems {code, message, hint, option}.
function input.parse(value)
    local problems = {}
    if type(value) ~= "table" then
        return nil, { problem("input", "must be a table of shapes, got " .. text.show(value),
                              'input = { name = "string" }') }
    end
    local shape = parse_object(value, "input", problems, 1)
    table.sort(problems, function(a, b) return a.message < b.message end)
    return shape, problems
end

local function leaf_holds(leaf, value)
    local kind = violations.type_of(value)
    return leaf == "any" or kind == leaf
        or leaf == "integer" and math.type(value) == "integer"
        or leaf == "table" and type(value) == "table"
end

local check

local function check_object(shape, value, path, found)
    if violations.type_of(value) ~= "object" then
        return violations.mismatch(path, "object", value, found)
    end
    local names = {}
    for name in pairs(shape.fields) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        check(shape.fields[name], value[name], path .. "." .. name, found)
    end
end

local function check_list(shape, value, path, found)
    if violations.type_of(value) ~= "array" then
        return violations.mismatch(path, "array", value, found)
    end
    for i = 1, #value do
        check(shape.list, value[i], ("%s[%d]"):format(path, i), found)
    end
end

function check(shape, value, path, found)
    if shape.optional and (value == nil or value == host.null) then
        return
    elseif value == nil then
        violations.missing(path, found)
    elseif shape.fields then
        check_object(shape, value, path, found)
    elseif shape.list then
        check_list(shape, value, path, found)
    elseif not leaf_holds(shape.leaf, value) then
        violations.mismatch(path, shape.leaf, value, found)
    end
end

-- nil when the payload has the shape; else all violations in one line.
function input.violations(shape, payload)
    local found = {}
    check(shape, payload, "input", found)
    return violations.told(found)
end

return input
