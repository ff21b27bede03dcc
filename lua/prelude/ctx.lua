-- ctx: everything with an effect that a step can do.
-- One object an attempt, read-only; its functions run in the author's strand and suspend it where
-- they wait. Words of the language that are not built yet say so.
local host, use = ...
local duration = use "duration"
local events = use "events"
local fault = use "fault"
local http = use "http"
local spelling = use "spelling"
local substep = use "substep"
local text = use "text"
local vars = use "vars"

local ctx = { run = {} } -- run: {id, app, flow, version, user}

local LATER = { secret = true, user = true, profile = true, event = true,
                uuid = true, random = true, base64 = true, hex = true, sha256 = true,
                hmac_sha256 = true, url = true, time = true }
local JSON_MAX = 6 * 1024 * 1024

-- A table that can be read and called, not written; a name it does not have is an error.
local function sealed(name, fields, call)
    return setmetatable({}, {
        __metatable = false,
        __call = call,
        __index = function(_, key)
            local value = fields[key]
            if value == nil then
                local word = text.show(key)
                fault.misuse(("%s.%s %s"):format(name, word, LATER[key] and "is not available yet"
                             or "does not exist: " .. spelling.hint(word, fields)))
            end
            return value
        end,
        __newindex = function()
            fault.misuse(name .. " cannot be changed")
        end,
    })
end

local fixed = { null = host.null }

local function level(name)
    return function(message)
        events.log(message, name)
    end
end

fixed.log = sealed("ctx.log", { debug = level("debug"), info = level("info"),
                                warn = level("warn"), error = level("error") },
                   function(_, message, name) events.log(message, name) end)
fixed.http = sealed("ctx.http", http)

function fixed.progress(percent, message)
    if type(percent) ~= "number" or not (percent >= 0 and percent <= 100) then
        fault.misuse("ctx.progress: argument 1 must be a number from 0 to 100, got "
                     .. text.show(percent))
    elseif message ~= nil and type(message) ~= "string" then
        fault.misuse("ctx.progress: argument 2 must be a string, got " .. type(message))
    end
    host.progress(math.floor(percent), text.clean(message or "", 1000))
end

function fixed.emit(kind, payload)
    if type(kind) ~= "string" or not utf8.len(kind) or kind == "" or #kind > 128
        or kind:find("\0", 1, true) then
        fault.misuse("ctx.emit: argument 1 (type) must be text of 1 to 128 bytes without U+0000, "
                     .. "got " .. text.show(kind))
    end
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
    if type(code) ~= "string" or #code > 128 or not code:find("^[%w_]+%.[%w_.-]*[%w_-]$") then
        fault.misuse('ctx.fail: argument 1 (code) must be a dotted word like "card.closed", got '
                     .. text.show(code))
    elseif message ~= nil and type(message) ~= "string" then
        fault.misuse("ctx.fail: argument 2 (message) must be a string, got " .. type(message))
    end
    fault.raise(code, message or code, clean_data(data))
end

function fixed.sleep(length)
    local ms, reason = duration.parse(length)
    if not ms then
        fault.misuse(("ctx.sleep: argument 1 %s; %s"):format(reason, duration.HINT))
    end
    host.suspend("sleep", ms)
end

-- Unix time in seconds, with milliseconds behind the point.
function fixed.now()
    return host.wall_ms() / 1000
end

local function marker(name, mark)
    return function(value)
        if type(value) ~= "table" then
            fault.misuse(("ctx.%s: argument 1 must be a table, got %s"):format(name, type(value)))
        end
        return mark(value)
    end
end
fixed.array = marker("array", host.array)
fixed.object = marker("object", host.object)

local json = {}
fixed.json = sealed("ctx.json", json)

function json.encode(value)
    if value == nil then
        return "null"
    end
    local encoded, _, reason = host.encode(value, JSON_MAX)
    return encoded or fault.misuse("ctx.json.encode: " .. reason)
end

function json.decode(source)
    if type(source) ~= "string" then
        fault.misuse("ctx.json.decode: argument 1 must be a string, got " .. type(source))
    end
    local ok, value = host.decode(source)
    if not ok then
        fault.misuse("ctx.json.decode: " .. value)
    end
    return value
end

-- Seconds left: of the run, or of the step when that is nearer.
local function seconds_left(frame)
    return function()
        local left = host.left_ms()
        if frame.deadline then
            left = math.min(left, frame.deadline.at - host.mono_ms())
        end
        return math.max(0, left) / 1000
    end
end

function ctx.open(context)
    ctx.run = context.run
end

function ctx.new(frame)
    local own = { attempt = frame.attempt, key = ctx.run.id .. ":" .. frame.path,
                  vars = vars.view(frame.root), step = substep.of(frame),
                  run = host.view(ctx.run), deadline = seconds_left(frame) }
    for name, value in pairs(fixed) do
        own[name] = value
    end
    return sealed("ctx", own)
end

return ctx
