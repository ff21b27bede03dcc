-- ctx: everything with an effect that a step can do.
-- One object an attempt, read-only: what all attempts share is made once, the rest when it is read.
-- Its functions run in the author's strand and suspend it where they wait.
local host, use = ...
local duration = use "duration"
local events = use "events"
local fault = use "fault"
local http = use "http"
local pattern = use "pattern"
local pure = use "pure"
local secret = use "secret"
local signature = use "signature"
local spelling = use "spelling"
local substep = use "substep"
local text = use "text"
local vars = use "vars"

local ctx = {}

local given = { run = {} } -- of the message: run, user, profile, event

local function unknown(name, key, ...)
    local words = {}
    for _, fields in ipairs({ ... }) do
        for word in pairs(fields) do
            words[word] = true
        end
    end
    local word = text.show(key)
    fault.misuse(("%s.%s does not exist: %s"):format(name, word, spelling.hint(word, words)))
end

-- A table that can be read and called, not written; a name it does not have is an error.
local function sealed(name, fields, call)
    return setmetatable({}, {
        __metatable = false,
        __call = call and function(_, ...) return call(...) end,
        __index = function(_, key)
            local value = fields[key]
            return value ~= nil and value or unknown(name, key, fields)
        end,
        __newindex = function()
            fault.misuse(name .. " cannot be changed")
        end,
    })
end

-- A table of functions, each with its arguments checked; tables in it likewise.
local function library(name, functions, call)
    local checked = {}
    for word, member in pairs(functions) do
        local full = name .. "." .. word
        checked[word] = type(member) == "table" and library(full, member)
            or signature.checked(full, member)
    end
    return sealed(name, checked, call)
end

-- what all attempts share -------------------------------------------------------------------------

local fixed = {}

local function level(name)
    return function(message)
        events.log(message, name)
    end
end

function fixed.progress(percent, message)
    host.progress(math.floor(percent), text.clean(message or "", 1000))
end

function fixed.emit(kind, payload)
    events.send("ctx.emit", kind, payload)
end

function fixed.output(value)
    events.send("ctx.output", "output", value)
end

function fixed.chunk(value)
    events.send("ctx.chunk", "chunk", value)
end

local function clean_data(data)
    if data == nil then
        return nil
    end
    local json, _, reason = host.encode(data, host.limits.event)
    if not json then
        fault.misuse("ctx.fail: argument 3 (data) cannot be JSON: " .. reason)
    end
    local _, value = host.decode(json)
    return value
end

function fixed.fail(code, message, data)
    if pattern.is_reserved(code) then
        fault.misuse(('ctx.fail: "%s" is told by the runtime alone: choose a code of your own, '
                      .. "like card.closed"):format(code))
    end
    fault.raise(code, message or code, clean_data(data))
end

function fixed.sleep(length)
    host.suspend("sleep", (duration.parse(length)))
end

-- Unix time in seconds, with milliseconds behind the point.
function fixed.now()
    return host.wall_ms() / 1000
end

function fixed.array(list)
    return host.array(list)
end

function fixed.object(fields)
    return host.object(fields)
end

function fixed.secret(name)
    return secret.new(name)
end

for word, member in pairs(pure) do
    fixed[word] = member
end
for word, member in pairs(fixed) do
    local name = "ctx." .. word
    fixed[word] = type(member) == "table" and library(name, member)
        or signature.checked(name, member)
end
fixed.null = host.null
fixed.http = library("ctx.http", http)
fixed.log = library("ctx.log", { debug = level("debug"), info = level("info"),
                                 warn = level("warn"), error = level("error") },
                    signature.checked("ctx.log", events.log))

-- what is one attempt's: name -> how it is made from the frame ------------------------------------

local own = { step = substep.of }

function own.attempt(frame)
    return frame.attempt
end

function own.key(frame)
    return given.run.id .. ":" .. frame.path
end

-- Seconds left: of the run, or of the step when that is nearer.
function own.deadline(frame)
    return function()
        local left = host.left_ms()
        if frame.deadline then
            left = math.min(left, frame.deadline.at - host.mono_ms())
        end
        return math.max(0, left) / 1000
    end
end

function own.vars(frame)
    return vars.view(frame.root)
end

for _, name in ipairs({ "run", "user", "profile", "event" }) do
    own[name] = function()
        return host.view(given[name])
    end
end

local function decoded(json)
    if json == nil then
        return nil
    end
    local _, value = host.decode(json)
    return value
end

-- The run begins: context is what the supervisor says of it (context.h).
function ctx.open(context)
    given = { run = context.run, user = decoded(context.user), profile = decoded(context.profile),
              event = decoded(context.event) }
end

local function refuse_write()
    fault.misuse("ctx cannot be changed")
end

function ctx.new(frame)
    return setmetatable({}, {
        __metatable = false,
        __newindex = refuse_write,
        __index = function(_, key)
            local value = fixed[key]
            if value ~= nil then
                return value
            elseif own[key] then
                return own[key](frame)
            end
            unknown("ctx", key, fixed, own)
        end,
    })
end

return ctx
