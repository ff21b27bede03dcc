-- steps: the interpreter, going forward by step records. Around a step: when(s) (false: skipped) ->
-- input(s) gives its own s.input -> attempts, each under timeout -> catch -> output(s, result) maps
-- the result. Errors of when, input and output are for the retry and catch around the step only.
local host, use = ...
local deadline = use "deadline"
local fault = use "fault"
local kinds = use "kinds"
local pattern = use "pattern"
local record = use "record"
local retry = use "retry"
local scheduler = use "scheduler"
local state = use "state"
local strand = use "strand"
local stream = use "stream"
local undo = use "undo"

local steps = {}

-- A frame is one node's stay in the run; limit is the deadline around it.
local function new_frame(node, place)
    local path = place.path == "" and node.name or place.path .. "/" .. node.name
    return { node = node, path = path, attempt = 1, scope = place.scope, limit = place.limit,
             deadline = place.limit, group = place.group, root = place.root }
end

-- Who is to blame, unless a step further in is.
local function blame(frame, failure)
    if not failure.blamed then
        failure.blamed = true
        failure.step = failure.step or frame.path
        failure.attempt = frame.attempt
        failure.file = failure.file or frame.root.file
        failure.line = failure.line or frame.node.line
    end
    return failure
end

-- Children of a node, or of one of its branches, in a scope of their own: what a kind's run gets as
-- its second argument. options: {segment, suffix, fields, scope, group, root, limit}.
local function walk_inside(frame, children, options)
    local path = frame.path .. (options.suffix or "")
    return steps.walk(children, {
        path = options.segment and path .. "/" .. options.segment or path,
        scope = options.scope or state.open(frame.scope, options.fields),
        limit = options.limit or frame.deadline,
        group = options.group or frame.group,
        root = options.root or frame.root,
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

local function attempt(frame)
    frame.deadline = deadline.nearer(frame.limit, frame.node.set.timeout, frame.node.name)
    local ok, result = kinds[frame.node.kind].run(frame, walk_inside)
    if not ok then
        deadline.settle(result, frame.deadline, frame.limit)
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
        if not pause or strand.outlasts_run(frame, pause) then
            return false, result
        end
        stream.finish(frame, "failed", result)
        local good, broken = strand.pause(frame, pause)
        if not good then
            return false, broken
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
            return walk_inside(frame, handler.children, { segment = "catch",
                                                          fields = { err = fault.view(failure) } })
        end
    end
    return false, failure
end

local function map_output(frame, result)
    local map = frame.node.set.output
    if not map then
        return true, result
    end
    local ok, value = strand.call(frame, map, frame.scope.view, host.view(record.read(result)))
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

-- A finished node's result takes its name in the scope that it stands in, and may be undone.
local function settle(frame, scope, done)
    state.put(scope, frame.node.name, done)
    if frame.errors then
        state.put_errors(scope, frame.node.name, frame.errors)
    end
    if frame.node.set.undo and done.status ~= "skipped" then
        undo.note(frame, scope)
    end
end

-- Children in order. place: {path, scope, limit, group, root, first, after}. True, the last one's
-- result as JSON text | false, fault.
function steps.walk(children, place)
    local result = record.NIL
    for i = place.first or 1, #children do
        if place.group and scheduler.cancelled(place.group) then
            return false, fault.cancelled(place)
        end
        local frame = new_frame(children[i], place)
        local done, failure = run_node(frame)
        if not done then
            return false, failure
        end
        settle(frame, place.scope, done)
        result = done.result
        if place.after then
            place.after(i)
        end
    end
    return true, result
end

-- The flow from its first-th step on, telling how far it is and which step comes next.
function steps.flow(flow, first, payload)
    local children, total = flow.children, #flow.children - first + 1
    host.progress(0, children[first].name)
    return steps.walk(children, {
        path = "", scope = state.new(payload), first = first, root = flow,
        limit = deadline.of_run(),
        after = function(i)
            host.progress((i - first + 1) * 100 // total, (children[i + 1] or children[i]).name)
        end,
    })
end

return steps
