-- strand: an author's function, run under the step's deadline, and what it asked for served.
-- call(frame, f, ...) -> true, its first result | false, fault. A frame is {node, path, attempt,
-- scope, deadline}; a deadline is {at, text, name}: when, how long, whose.
local host, use = ...
local fault = use "fault"
local scheduler = use "scheduler"

local strand = {}

-- Waits; false when the deadline came first.
function strand.pause(deadline, ms)
    local at = host.mono_ms() + ms
    if deadline and deadline.at < at then
        scheduler.sleep(deadline.at)
        return false
    end
    scheduler.sleep(at)
    return true
end

-- ctx functions suspend with one of these; each returns true and results, or false when the
-- deadline passed, or false and another fault.
local serve = {}

-- A sleep that the run cannot live through is an error at once: waiting would only cost money. A
-- short one, of a loop that polls say, just meets the run's deadline.
local SHORT_MS = 2000

function serve.sleep(deadline, ms)
    local left = host.left_ms()
    if ms > SHORT_MS and ms > left and not (deadline and deadline.at < host.mono_ms() + left) then
        return false, fault.new("limit.wait",
            ("ctx.sleep: %d s are more than the %d s that the run has left")
                :format(ms // 1000, left // 1000))
    end
    return strand.pause(deadline, ms)
end

function serve.request(deadline, head, body)
    local reply_head, reply_body = scheduler.request(head, body, deadline and deadline.at)
    return reply_head ~= nil, reply_head, reply_body
end

function strand.call(frame, f, ...)
    local deadline = frame.deadline
    local at = deadline and deadline.at or 0
    if deadline and host.mono_ms() >= at then
        return false, fault.timeout(deadline)
    end
    local thread = host.strand(f)
    host.mark(frame.path, frame.attempt)
    local status, a, b, c = host.resume(thread, at, ...)
    while status == "wait" do
        local in_time, x, y = serve[a](deadline, b, c)
        if not in_time then
            return false, x or fault.timeout(deadline)
        end
        host.mark(frame.path, frame.attempt)
        status, a, b, c = host.resume(thread, at, x, y)
    end
    if status == "done" then
        return true, a
    elseif status == "timeout" then
        return false, fault.timeout(deadline)
    end
    return false, fault.raised(a, b, c)
end

return strand
