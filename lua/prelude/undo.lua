-- undo: what a failed flow takes back: the undo functions of its finished steps, in reverse order
-- of completion, with LIMIT_MS for all of them together.
-- A function that fails is told in a log line and keeps neither the next one nor the first error.
local host, use = ...
local ctx = use "ctx"
local events = use "events"
local strand = use "strand"
local stream = use "stream"

local undo = {}

local LIMIT_MS = 10000
local noted = {}

-- frame: the finished step's; scope: where its result is.
function undo.note(frame, scope)
    noted[#noted + 1] = { node = frame.node, path = frame.path, scope = scope, root = frame.root }
end

local function undo_step(step, deadline)
    local frame = { node = { name = step.node.name, kind = "undo", line = step.node.line },
                    path = step.path .. "/undo", attempt = 1, scope = step.scope,
                    root = step.root, deadline = deadline }
    stream.start(frame)
    local ok, failure = strand.call(frame, step.node.set.undo, step.scope.view, ctx.new(frame))
    stream.finish(frame, ok and "completed" or "failed", not ok and failure or nil)
    if not ok then
        events.log(('undo of step "%s" failed: %s: %s'):format(step.path, failure.code,
                                                              failure.message), "error")
    end
end

-- Within a branch of the scheduler.
function undo.run()
    local limit = math.min(LIMIT_MS, host.undo_ms())
    local deadline = { at = host.mono_ms() + limit, name = "undo", text = limit // 1000 .. "s" }
    for i = #noted, 1, -1 do
        undo_step(noted[i], deadline)
    end
    noted = {}
end

return undo
