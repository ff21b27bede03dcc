-- strand: an author's function, run under the step's deadline, and what it asked for served.
-- call(frame, f, ...) -> true, its first result | false, fault. A frame is {node, path, attempt,
-- scope, group, deadline}; a deadline is {at, text, name, whole}: when, how long, whose, the run's.
local host, use = ...
local fault = use "fault"
local scheduler = use "scheduler"

local strand = {}

-- What a wait that did not end well means: a sibling's failure, or the deadline.
local function broken(frame, word)
    if word == "cancelled" then
        return fault.cancelled(frame)
    end
    return fault.timeout(frame.deadline, frame)
end

-- Whether the run ends before so many milliseconds: then waiting would only cost money. A short
-- wait, of a loop that polls say, just meets the run's deadline.
local SHORT_MS = 2000

function strand.outlasts_run(frame, ms)
    local deadline = frame.deadline
    return ms > SHORT_MS and ms > host.left_ms() and (not deadline or deadline.whole)
end

-- Waits ms: true | false, fault. what names the wait in an error.
function strand.pause(frame, ms, what)
    if what and strand.outlasts_run(frame, ms) then
        return false, fault.new("limit.wait",
            ("%s: %d s are more than the %d s that the run has left")
                :format(what, (ms + 999) // 1000, (host.left_ms() + 999) // 1000))
    end
    local deadline, at = frame.deadline, host.mono_ms() + ms
    local meets = deadline and deadline.at < at
    local word = scheduler.sleep(meets and deadline.at or at)
    if word == "cancelled" or meets then
        return false, broken(frame, word)
    end
    return true
end

-- ctx functions suspend with one of these; each returns true and results, or false and a fault.
local serve = {}

function serve.sleep(frame, ms)
    return strand.pause(frame, ms, "ctx.sleep")
end

local function answered(frame, word, head, body)
    if word == "reply" then
        return true, head, body
    end
    return false, broken(frame, word)
end

function serve.request(frame, head, body)
    local at = frame.deadline and frame.deadline.at
    return answered(frame, scheduler.request(head, body, at))
end

function serve.fetch(frame, what, name)
    local at = frame.deadline and frame.deadline.at
    return answered(frame, scheduler.fetch(what, name, at))
end

-- Where the run is, for whoever is asked who ended it.
local function mark(frame)
    host.mark(frame.path, frame.attempt)
end

-- Threads that ended well are used again: a new one costs as much as a short step.
local IDLE_MAX = 32
local idle = {}

local function keep(thread)
    if #idle < IDLE_MAX then
        idle[#idle + 1] = thread
    end
end

function strand.call(frame, f, ...)
    local deadline = frame.deadline
    local at = deadline and deadline.at or 0
    if frame.group and scheduler.cancelled(frame.group) then
        return false, fault.cancelled(frame)
    elseif deadline and host.mono_ms() >= at then
        return false, fault.timeout(deadline, frame)
    end
    local thread = host.strand(f, table.remove(idle))
    mark(frame)
    local status, a, b, c, d = host.resume(thread, at, ...)
    while status == "wait" do
        local good, x, y = serve[a](frame, b, c)
        if not good then
            return false, x
        end
        mark(frame)
        status, a, b, c, d = host.resume(thread, at, x, y)
    end
    if status == "done" then
        keep(thread)
        return true, a
    elseif status == "timeout" then
        return false, fault.timeout(deadline, frame)
    end
    return false, fault.raised(a, b, c, d, frame)
end

return strand
