-- wait: does nothing for a while; longer than the run can last: limit.wait, at once.
-- When it ends is a record, so that a run that goes on later waits no longer than the rest.
-- The result is nil.
local host, use = ...
local findings = use "findings"
local options = use "options"
local record = use "record"
local strand = use "strand"
local text = use "text"

local wait = { options = { delay = options.duration }, children = {},
               shorthand = { string = "delay" }, step = true }

function wait.validate(node)
    if node.options.delay == nil and not node.partial then
        findings.error("run.missing", text.label(node) .. " has no delay", node,
                       ('write %s "30s"'):format(text.label(node)))
    end
end

function wait.run(frame)
    local until_ms = host.wall_ms() + frame.node.set.delay.ms
    local ends = record.new(frame, "until", host.encode(until_ms, 32))
    local left = math.max(0, record.value(ends) - host.wall_ms())
    local ok, failure = strand.pause(frame, left, text.label(frame.node))
    if not ok then
        return false, failure
    end
    return true, record.NIL
end

return wait
