-- branches: functions that run side by side and end together.
-- run(frame, count, max, start) calls start(i, group) for i = 1..count, at most max at once, begun
-- in order; each gives nil or a fault. The first fault stops the others at their next wait, and is
-- what run gives.
local _, use = ...
local fault = use "fault"
local scheduler = use "scheduler"

local branches = {}

-- One lane does one after the other until none is left or one failed.
local function lane_of(all, start)
    return function()
        while all.next <= all.count and not all.failure and not scheduler.cancelled(all.group) do
            local i = all.next
            all.next = i + 1
            local failure = start(i)
            if failure and not all.failure then
                all.failure = failure
                scheduler.cancel(all.group)
            end
        end
        all.lanes = all.lanes - 1
        if all.lanes == 0 then
            scheduler.joined(all)
        end
    end
end

-- frame: the node's that they stand in; group: what their own frames belong to.
function branches.run(frame, count, max, start)
    if count == 0 then
        return nil
    end
    local group = { parent = frame.group }
    local all = { next = 1, count = count, group = group, lanes = math.min(count, max) }
    for _ = 1, all.lanes do
        scheduler.spawn(lane_of(all, function(i) return start(i, group) end), group)
    end
    scheduler.join(all)
    if not all.failure and scheduler.cancelled(frame.group) then
        return fault.cancelled(frame)
    end
    return all.failure
end

return branches
