-- deadline: when something must have ended: {at, text, name, whole}: a time of the monotonic clock,
-- how long that was, whose it is, and whether it is the whole run's, which nobody catches.
-- A step has the nearer one of its own and the one around it.
local host = ...

local deadline = {}

-- timeout: {ms, text} or nil; around: a deadline or nil.
function deadline.nearer(around, timeout, name)
    local at = timeout and host.mono_ms() + timeout.ms
    if not timeout or around and around.at <= at then
        return around
    end
    return { at = at, text = timeout.text, name = name }
end

-- The run's own, as its supervisor set it.
function deadline.of_run()
    return { at = host.mono_ms() + host.left_ms(), whole = true }
end

-- A fault of this deadline is no longer its owner's to pass on: the node that set it has it now.
function deadline.settle(failure, own, around)
    if failure.owner == own and own ~= around then
        failure.owner = nil
    end
    return failure
end

return deadline
