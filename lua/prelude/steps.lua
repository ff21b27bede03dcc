-- steps: the interpreter, going forward by step records. Around a step: when(s) (false: skipped) ->
-- input(s) gives its own s.input -> attempts, each under timeout -> catch -> output(s, result) maps
-- the result. Errors of when, input and output are for the retry and catch around the step only.
local host, use = ...
local fault = use "fault"
local kinds = use "kinds"
local pattern = use "pattern"
local record = use "record"
local retry = use "retry"
local state = use "state"
local strand = use "strand"
local stream = use "stream"

local steps = {}

-- A frame is one node's stay in the run; limit is the deadline around it.
local function new_frame(node, place)
    local path = place.path == "" and node.name or place.path .. "/" .. node.name
    return { node = node, path = path, attempt = 1, scope = place.scope, limit = place.limit,
             deadline = place.limit }
end

-- Who is to blame, unless a step further in is.
local function blame(frame, failure)
    if not failure.step then
        failure.step, failure.attempt = frame.path, frame.attempt
        failure.file = failure.file or fault.source
        failure.line = failure.line or frame.node.line
    end
    return failure
end

-- The children of a node, or of one of its branches, in a scope of their own.
local function walk_inside(frame, children, branch, fields)
    return steps.walk(children, {
        path = branch and frame.path .. "/" .. branch or frame.path,
        scope = state.open(frame.scope, fields),
        limit = frame.deadline,
    })
end

-- True, whether the step runs | false, fault.
local function gate(frame)
    local when = frame.node.set.when
    if not when then
        return true, true
    end
    return strand.call(frame, when, frame.scope.view)
end

-- The node's own s.input.
local function take_input(frame)
    local make = frame.node.set.input
    if not make then
        return true
    end
    local ok, value = strand.call(frame, make, frame.scope.view)
    if ok then
        ok, value = record.encode(value, frame, "input")
    end
    if not ok then
        return false, value
    end
    frame.scope = state.open(frame.scope)
    state.put(frame.scope, "input", record.new(frame, "input", value))
    return true
end

-- The nearer one of the node's own timeout and the deadline around it.
local function deadline_of(frame)
    local own = frame.node.set.timeout
    local at = own and host.mono_ms() + own.ms
    if not own or frame.limit and frame.limit.at <= at then
        return frame.limit
    end
    return { at = at, text = own.text, name = frame.node.name }
end

local function attempt(frame)
    frame.deadline = deadline_of(frame)
    local ok, result = kinds[frame.node.kind].run(frame, function(children, branch)
        return walk_inside(frame, children, branch)
    end)
    if not ok and result.owner == frame.deadline and frame.deadline ~= frame.limit then
        result.owner = nil
    end
    frame.deadline = frame.limit
    return ok, result
end

-- Tries until it works or retry has enough. A timeout around the node (owner) ends it at once.
local function attempts(frame)
    while true do
        local ok, result = attempt(frame)
        if ok or result.owner then
            return ok, result
        end
        blame(frame, result)
        local policy = frame.node.set.retry
        local pause = policy and retry.pause(policy, frame.attempt, result)
        if not pause then
            return false, result
        end
        stream.finish(frame, "failed", result)
        if not strand.pause(frame.limit, pause) then
            return false, fault.timeout(frame.limit)
        end
        frame.attempt = frame.attempt + 1
        stream.start(frame)
    end
end

-- The first handler whose pattern matches; its result becomes the step's.
local function handle(frame, failure)
    if failure.owner then
        return false, failure
    end
    for _, handler in ipairs(frame.node.set.catch or {}) do
        if pattern.matches(handler.name, failure.code) then
            return walk_inside(frame, handler.children, "catch", { err = fault.view(failure) })
        end
    end
    return false, failure
end

local function map_output(frame, result)
    local map = frame.node.set.output
    if not map then
        return true, result
    end
    local given = host.view(record.value({ result = result }))
    local ok, value = strand.call(frame, map, frame.scope.view, given)
    if not ok then
        return false, value
    end
    return record.encode(value, frame, "output")
end

-- True, result, failure that was caught | false, fault.
local function inside(frame)
    local ok, result = take_input(frame)
    if not ok then
        return false, result
    end
    local failure
    ok, result = attempts(frame)
    if not ok then
        failure = result
        ok, result = handle(frame, failure)
    end
    if ok then
        ok, result = map_output(frame, result)
    end
    return ok, result, failure
end

-- One node: its record, or nil and the fault.
local function run_node(frame)
    local ok, result = gate(frame)
    if ok and not result then
        stream.skip(frame)
        return record.new(frame, "skipped", record.NIL)
    end
    stream.start(frame)
    local failure
    if ok then
        ok, result, failure = inside(frame)
    end
    if not ok then
        if not result.owner then
            blame(frame, result)
        end
        stream.finish(frame, "failed", result)
        return nil, result
    end
    local status = failure and "caught" or "completed"
    stream.finish(frame, status, failure)
    return record.new(frame, status, result)
end

-- Children in order. place: {path, scope, limit, first, before, after}. True, the last one's result
-- as JSON text | false, fault.
function steps.walk(children, place)
    local result = record.NIL
    for i = place.first or 1, #children do
        local child = children[i]
        if place.before then
            place.before(i)
        end
        local done, failure = run_node(new_frame(child, place))
        if not done then
            return false, failure
        end
        state.put(place.scope, child.name, done)
        result = done.result
        if place.after then
            place.after(i)
        end
    end
    return true, result
end

-- The flow from its first-th step on, telling how far it is.
function steps.flow(flow, first, payload)
    local total = #flow.children - first + 1
    local function tell(finished)
        return function(i)
            host.progress((i - first + finished) * 100 // total, flow.children[i].name)
        end
    end
    return steps.walk(flow.children, {
        path = "", scope = state.new(payload), first = first, before = tell(0), after = tell(1),
    })
end

return steps
