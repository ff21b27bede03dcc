-- substep: ctx.step(name, f): a named step inside a task, recorded like one, for loops whose steps
-- are not known beforehand. A name used before in the task gets ":2", ":3" behind it.
-- What f returns goes through JSON once; an error of f's is the task's, and names the sub-step.
local host, use = ...
local fault = use "fault"
local record = use "record"
local signature = use "signature"
local stream = use "stream"

local substep = {}

local function path_for(frame, name)
    frame.names = frame.names or {}
    local count = (frame.names[name] or 0) + 1
    frame.names[name] = count
    return ("%s/%s%s"):format(frame.path, name, count > 1 and ":" .. count or "")
end

local function failed(frame, inner, value)
    frame.inner_failure = frame.inner_failure or { value = value, path = inner.path }
    stream.finish(inner, "failed", { code = fault.is(value) and value.code or "lua",
                                     message = tostring(value) })
    error(value, 0)
end

-- Runs in the author's strand, which f may suspend.
local function run(frame, name, f)
    local inner = { node = { name = name, kind = "step", line = frame.node.line }, attempt = 1,
                    path = path_for(frame, name), root = frame.root }
    frame.inner_failure = nil
    stream.start(inner)
    host.mark(inner.path, 1)
    local ok, value = pcall(f)
    host.mark(frame.path, frame.attempt)
    if not ok then
        failed(frame, inner, value)
    end
    local good, json = record.encode(value, inner)
    if not good then
        stream.finish(inner, "failed", json)
        fault.raise(json.code, json.message)
    end
    stream.finish(inner, "completed")
    return host.view(record.value(record.new(inner, "completed", json)))
end

-- The ctx.step of one attempt of a task.
function substep.of(frame)
    return signature.checked("ctx.step", function(name, f)
        return run(frame, name, f)
    end)
end

return substep
