-- main: the prelude's one entry: load describes a flow, run runs it to its outcome.
-- load never raises for an author's mistakes, they become findings; run returns a completed or a
-- failed outcome. One state loads one flow (and those that it calls) and runs it once.
local host, use = ...
local callees = use "callees"
local check = use "check"
local chunk = use "chunk"
local ctx = use "ctx"
local entry = use "entry"
local events = use "events"
local fault = use "fault"
local findings = use "findings"
local modules = use "modules"
local payload = use "payload"
local record = use "record"
local scheduler = use "scheduler"
local source = use "source"
local steps = use "steps"
local stream = use "stream"
local undo = use "undo"
local vars = use "vars"

local main = {}

local DESCRIBED_MAX = 7 * 1024 * 1024
local context, flow, given, unreadable

local function open(context_json, payload_json)
    local _, read = host.decode(context_json)
    context = read
    ctx.open(context)
    vars.open(context.variables)
    stream.run_id = context.stream_state and context.run.id or nil
    local ok, value = host.decode(payload_json)
    if ok then
        given = value
    else
        unreadable = value
    end
end

local function described()
    local timeout = flow and flow.set.timeout
    return host.encode({
        name = flow and flow.name or "",
        timeout_ms = timeout and timeout.ms or host.null,
        entries = host.array(flow and entry.names(flow) or {}),
        findings = host.array(findings.sorted()),
    }, DESCRIBED_MAX)
end

-- What steps read of s and which modules they need, when there is a text that was not read before.
local function check_steps()
    if chunk.fresh then
        modules.look_ahead(use("lint").requires)
        local visible, lint = use "visible", use "lint"
        lint.tree(visible.of(flow))
        for _, callee in ipairs(callees.roots) do
            lint.tree(visible.of(callee))
        end
    end
end

function main.load(file, code, context_json, payload_json)
    open(context_json, payload_json)
    if context.role == "spec" then
        return use("spec").load(file, code, context)
    elseif context.role == "annotate" then
        return described(), true
    elseif context.role == "module" then
        chunk.compile(code, file) -- which reads it; it is not run
        modules.look_ahead(use("lint").requires)
        return described(), findings.errors == 0
    end
    flow = source.load(file, code)
    if flow then
        check.flow(flow)
        callees.resolve(flow)
        check_steps()
    end
    if findings.none() then
        chunk.remember()
    end
    return described(), findings.errors == 0
end

-- The place of the first step and the input; nil and the fault when the run cannot begin.
local function prepare()
    local first, unknown = entry.find(flow, context.entry, context.run.flow)
    if not first then
        return nil, fault.new("node.unknown", unknown)
    elseif unreadable then
        return nil, fault.new("input.invalid", "the payload cannot be read: " .. unreadable)
    end
    local refused, input = payload.refuse(flow, given)
    if refused then
        return nil, refused
    end
    return first, input
end

local function failed(it)
    return { completed = false, code = it.code, message = it.message, step = it.step,
             file = it.file, line = it.line, attempt = it.attempt, data = it.data_text,
             trace = it.trace }
end

local function run_flow()
    events.begin()
    local first, input = prepare()
    if not first then
        return failed(input)
    end
    local ok, result = scheduler.run(function()
        local good, value = steps.flow(flow, first, input)
        if not good then
            undo.run()
        end
        return good, value
    end)
    if not ok then
        return failed(result)
    end
    return { completed = true, output = result ~= record.NIL and result or nil }
end

function main.run()
    if context.role == "spec" then
        return use("spec").run()
    elseif context.role == "graph" then
        local picture = use("graph").render(use("tree").of(flow), context.format)
        return { completed = true, output = host.encode(picture, DESCRIBED_MAX) }
    elseif context.role == "annotate" then
        return { completed = true, output = host.encode(use("annotate").render(), DESCRIBED_MAX) }
    end
    return run_flow()
end

return main
