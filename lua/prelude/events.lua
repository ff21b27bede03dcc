-- events: what a run tells the API: any event type, log lines, chunks.
-- A payload is JSON of at most host.limits.event bytes. Lines printed while the flow loads are kept
-- and sent when the run begins, because nothing may be sent before.
local host, use = ...
local fault = use "fault"
local text = use "text"

local events = {}

local EARLY_MAX = 100
local early = {} -- until begin

-- what: the function to name in errors.
function events.send(what, kind, payload)
    if payload == nil then
        payload = host.null
    end
    local json, problem, reason = host.encode(payload, host.limits.event)
    if problem == "limit" then
        local words = "%s: the payload is over its limit: EXECUTOR_EVENT_LIMIT_KB is %d"
        fault.raise("limit.payload", words:format(what, host.limits.event // 1024))
    elseif not json then
        fault.misuse(("%s: the payload cannot be JSON: %s"):format(what, reason))
    end
    host.event(kind, json)
end

-- A value in a log line: tables as JSON, never an address.
local function words(value)
    local kind = type(value)
    if kind == "table" then
        local meta = getmetatable(value)
        if fault.is(value) or type(meta) == "table" and meta.__tostring then
            return tostring(value)
        end
        return host.encode(value, host.limits.event) or kind
    elseif kind == "function" or kind == "thread" or kind == "userdata" then
        return value == host.null and "null" or kind == "userdata" and "secret" or kind
    end
    return tostring(value)
end

local function send_line(line)
    local json = host.encode(line, host.limits.event)
    if not json then -- too long: each byte is at most six in JSON
        line.message = text.cut(line.message, host.limits.event // 8)
        json = host.encode(line, host.limits.event)
    end
    if json then
        host.event("log", json)
    end
end

function events.log(message, level)
    local line = host.object({ message = text.clean(words(message), host.limits.event),
                               level = level ~= "info" and level or nil })
    if not early then
        send_line(line)
    elseif #early < EARLY_MAX then
        early[#early + 1] = line
    end
end

-- print of a flow: all arguments in one line.
function events.print(...)
    local parts = table.pack(...)
    for i = 1, parts.n do
        parts[i] = words(parts[i])
    end
    events.log(table.concat(parts, "\t"))
end

-- The run begins: events may be sent from now on.
function events.begin()
    local lines = early or {}
    early = nil
    for _, line in ipairs(lines) do
        send_line(line)
    end
end

return events
