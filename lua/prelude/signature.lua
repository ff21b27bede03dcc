-- signature: the arguments of what authors call, checked by the table of api.lua, so that a wrong
-- one is told with the function, the argument, what was wanted and what was given.
-- "text" is a string or a secret; nothing else takes a secret.
local _, use = ...
local api = use "api"
local duration = use "duration"
local expect = use "expect"
local fault = use "fault"
local secret = use "secret"
local spelling = use "spelling"
local text = use "text"

local signature = {}

local LEVELS = { debug = true, info = true, warn = true, error = true }
local YEAR_0, YEAR_10000 = -62167219200, 253402300800
local FORMS = { hex = true, base64 = true, raw = true }

local function is(kind)
    return function(value)
        return type(value) == kind
    end
end

local function is_word(pattern, longest)
    return function(value)
        return type(value) == "string" and #value <= longest and value:find(pattern) ~= nil
    end
end

local function is_event_type(value)
    return type(value) == "string" and #value >= 1 and #value <= 128
        and utf8.len(value) ~= nil and not value:find("\0", 1, true)
end

-- Type -> what a message calls it, whether a value is one.
local types = {
    string = { "a string", is "string" },
    number = { "a number", function(v) return type(v) == "number" and v == v end },
    integer = { "a whole number", function(v) return math.type(v) == "integer" end },
    boolean = { "true or false", is "boolean" },
    table = { "a table", is "table" },
    ["function"] = { "a function", is "function" },
    text = { "a string or a secret",
             function(v) return type(v) == "string" or secret.is(v) end },
    duration = { 'a duration like "10s"', function(v) return duration.parse(v) ~= nil end },
    unix_time = { "a number of seconds, of the years 0 to 9999",
                  function(v) return type(v) == "number" and v >= YEAR_0 and v < YEAR_10000 end },
    percent = { "a number from 0 to 100",
                function(v) return type(v) == "number" and v >= 0 and v <= 100 end },
    level = { '"debug", "info", "warn" or "error"', function(v) return LEVELS[v] ~= nil end },
    code = { 'a dotted word like "card.closed"', is_word("^[%w_]+%.[%w_.-]*[%w_-]$", 128) },
    identifier = { "an identifier", is_word("^[%a_][%w_]*$", 100) },
    event_type = { "text of 1 to 128 bytes without U+0000", is_event_type },
    digest_form = { '"hex", "base64" or "raw"', function(v) return FORMS[v] ~= nil end },
    statuses = { 'a status, a pattern like "2xx", or a list of them',
                 function(v) return expect.parse(v) ~= nil end },
    http_options = { "a table of options", is "table" },
}

-- A value as a message shows it; a number itself only where one was wanted.
local function given(value, wanted)
    if secret.is(value) then
        return "a secret"
    elseif type(value) == "string" then
        return ('"%s"'):format(text.show(value))
    elseif type(value) == "number" and wanted:find("number", 1, true) then
        return text.show(value)
    end
    return text.a(type(value))
end

-- ctx and its parts show false for their metatable; who calls with a colon hands one on.
local function is_sealed(value)
    return type(value) == "table" and getmetatable(value) == false
end

local function check_options(name, options)
    for key, value in pairs(options) do
        local kind = api.http_options[key]
        local wanted = types[kind]
        if not kind then
            fault.misuse(('%s: unknown option "%s": %s'):format(name, text.show(key),
                         spelling.hint(text.show(key), api.http_options)))
        elseif wanted and not wanted[2](value) then
            fault.misuse(("%s: %s must be %s, got %s"):format(name, key, wanted[1],
                         given(value, wanted[1])))
        end
    end
end

local function refuse(name, place, argument, value)
    local wanted = types[argument.type][1]
    fault.misuse(("%s: argument %d (%s) must be %s, got %s"):format(name, place, argument.name,
                 wanted, given(value, wanted)))
end

-- The arguments {name, type, optional} of a function of api.lua, and its result's type or nil.
function signature.read(name)
    local inside, result = api.functions[name]:match("^%((.*)%):? ?([%w_]*)$")
    local arguments = {}
    for argument, mark, kind in inside:gmatch("([%w_]+)(%??): ([%w_]+)") do
        arguments[#arguments + 1] = { name = argument, type = kind, optional = mark == "?" }
    end
    return arguments, result ~= "" and result or nil
end

local function check(name, arguments, ...)
    if is_sealed((...)) then
        fault.misuse(("%s: call it with a dot, %s(...), not with a colon"):format(name, name))
    end
    for place, argument in ipairs(arguments) do
        local value = select(place, ...)
        local wanted = types[argument.type] -- none: any value will do
        if wanted and not (value == nil and argument.optional) and not wanted[2](value) then
            refuse(name, place, argument, value)
        elseif argument.type == "http_options" and value ~= nil then
            check_options(name, value)
        end
    end
end

-- f, whose arguments are checked before it is called; name: of api.lua, as "ctx.sleep".
function signature.checked(name, f)
    local arguments = signature.read(name)
    return function(...)
        check(name, arguments, ...)
        return f(...)
    end
end

return signature
