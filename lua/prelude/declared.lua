-- declared: what stands behind vars of a flow: the variables that it knows, their defaults and who
-- may override them: vars = { limit = { default = 25, runtime = true }, ... }.
-- runtime: the message's runtime_variables may; exposed: its event's may; by id or by name.
local host, use = ...
local spelling = use "spelling"
local text = use "text"

local declared = {}

local FLAGS = { runtime = true, exposed = true, secret = true }
local FIELDS = { default = true, runtime = true, exposed = true, secret = true, id = true,
                 about = true }
local HINT = "vars = { limit = { default = 25, runtime = true } }"

local function problem(code, path, message, hint)
    return { code = code, message = path .. message, hint = hint or HINT, option = path }
end

-- The default, as JSON has it; nil and a problem when it cannot be JSON.
local function read_default(value, path)
    if value == nil then
        return nil
    end
    local json, _, reason = host.encode(value, host.limits.result)
    if not json then
        return nil, problem("option.type", path .. ".default", ": " .. reason)
    end
    local _, read = host.decode(json)
    return read
end

local function check_field(key, value, path)
    if not FIELDS[key] then
        local unknown = problem("option.unknown", path, (': unknown option "%s"'):format(
                                text.show(key)), spelling.hint(text.show(key), FIELDS))
        unknown.option = path .. "." .. text.show(key)
        return unknown
    elseif FLAGS[key] and type(value) ~= "boolean" then
        return problem("option.type", path .. "." .. key, " must be true or false, got "
                       .. text.show(value))
    elseif (key == "id" or key == "about") and type(value) ~= "string" then
        return problem("option.type", path .. "." .. key, " must be a string, got "
                       .. text.show(value))
    end
end

local function read_one(name, given, problems)
    local path = "vars." .. text.show(name)
    if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
        problems[#problems + 1] = problem("name.invalid", path,
                                          ": a variable's name is an identifier")
        return nil
    elseif type(given) ~= "table" then
        problems[#problems + 1] = problem("option.type", path, " must be a table, got "
                                          .. text.show(given))
        return nil
    end
    for key, value in pairs(given) do
        problems[#problems + 1] = check_field(key, value, path)
    end
    local value, wrong = read_default(given.default, path)
    problems[#problems + 1] = wrong
    return { default = value, runtime = given.runtime, exposed = given.exposed,
             secret = given.secret, id = given.id }
end

-- name -> {default, runtime, exposed, secret, id}, and a list of problems.
function declared.parse(value)
    if type(value) ~= "table" then
        return nil, { problem("option.type", "vars", " must be a table, got " .. text.show(value)) }
    end
    local out, problems = {}, {}
    for name, given in pairs(value) do
        out[name] = read_one(name, given, problems)
    end
    table.sort(problems, function(a, b) return a.message < b.message end)
    return out, problems
end

return declared
