-- guard: the globals of a flow: readable, never writable; library tables likewise.
-- While a flow loads, a write becomes a finding and is let through, so that loading finds more;
-- in a step it raises an error at the author's line.
local host, use = ...
local fault = use "fault"
local findings = use "findings"
local text = use "text"

local guard = { loading = true }

local function library(name, functions)
    return setmetatable({}, {
        __index = functions,
        __metatable = false,
        __newindex = function(_, key)
            fault.misuse(("'%s.%s' cannot be changed by a flow"):format(name, text.show(key)))
        end,
        __pairs = function()
            return function(_, key)
                return next(functions, key)
            end
        end,
    })
end

local function refuse_write(globals, created, key, value)
    local known = globals[key] ~= nil and not created[key]
    local name = text.show(key)
    local message = ("global '%s' cannot be %s by a flow"):format(name,
                                                                  known and "changed" or "created")
    if not guard.loading then
        fault.misuse(message)
    end
    if not findings.said("global.write", message) then -- lint sees most of them, and where
        local file, line = host.where(1)
        findings.error("global.write", message, { file = file, line = line },
                       known and "choose another name" or ("write `local %s`"):format(name))
    end
    if not known then
        created[key] = true
        globals[key] = value
    end
end

-- The environment of a flow: globals (a table that nobody else keeps) behind the guard.
function guard.environment(globals)
    local created = {}
    for name, value in pairs(globals) do
        if type(value) == "table" then
            globals[name] = library(name, value)
        end
    end
    return setmetatable({}, {
        __index = globals,
        __metatable = false,
        __newindex = function(_, key, value)
            refuse_write(globals, created, key, value)
        end,
    })
end

return guard
