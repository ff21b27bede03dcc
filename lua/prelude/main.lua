-- main: the prelude's one entry: load describes a flow, run runs it to its outcome.
-- load never raises for an author's mistakes, they become findings; run returns a completed or a
-- failed outcome. One state loads one flow and runs it once.
local host, use = ...
local check = use "check"
local ctx = use "ctx"
local entry = use "entry"
local events = use "events"
local fault = use "fault"
local findings = use "findings"
local input = use "input"
local record = use "record"
local scheduler = use "scheduler"
local source = use "source"
local steps = use "steps"
local stream = use "stream"

local main = {}

local DESCRIBED_MAX = 4 * 1024 * 1024
local flow, context, payload, unreadable

local function read_context(json)
    local _, read = host.decode(json)
    context = read
    ctx.run = context.run
    stream.run_id = context.stream_state and context.run.id or nil
end

local function read_payload(json)
    local ok, value = host.decode(json)
    if ok then
        payload = value
    else
        unreadable = "the payload cannot be read: " .. value
    end
end

local function described()
    local timeout = flow and flow.set and flow.set.timeout
    return host.encode({
        name = flow and flow.name or "",
        timeout_ms = timeout and timeout.ms or host.null,
        entries = host.array(flow and flow.set and entry.names(flow) or {}),
        findings = host.array(findings.sorted()),
    }, DESCRIBED_MAX)
end

function main.load(name, text, context_json, payload_json)
    read_context(context_json)
    read_payload(payload_json)
    flow = source.load(name, text)
    if flow then
        check.flow(flow)
    end
    return described(), findings.errors == 0
end

-- The place of the first step; nil and the fault when the run cannot begin.
local function prepare()
    local first, unknown = entry.find(flow, context.entry, context.run.flow)
    if not first then
        return nil, fault.new("node.unknown", unknown)
    elseif unreadable then
        return nil, fault.new("input.invalid", unreadable)
    end
    local shape = flow.set.input
    if shape then
        payload = payload == host.null and host.object({}) or payload
        local violations = input.violations(shape, payload)
        if violations then
            return nil, fault.new("input.invalid", violations)
        end
    end
    return first
end

local function failed(it)
    return { completed = false, code = it.code, message = it.message, step = it.step,
             file = it.file, line = it.line, attempt = it.attempt, data = it.data_text }
end

function main.run()
    events.begin()
    local first, refusal = prepare()
    if not first then
        return failed(refusal)
    end
    local ok, result = scheduler.run(function()
        return steps.flow(flow, first, payload)
    end)
    if not ok then
        return failed(result)
    end
    return { completed = true, output = result ~= record.NIL and result or nil }
end

return main
