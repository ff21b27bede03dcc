-- kinds: the table of nodes: kind -> { options, children, validate, run }.
-- options: name -> reader (options.lua); children: the kinds that may stand in it; shorthand: the
-- option that a bare function stands for; run(frame, walk) -> true, JSON text | false, fault.
local host, use = ...
local ctx = use "ctx"
local fault = use "fault"
local findings = use "findings"
local options = use "options"
local pattern = use "pattern"
local record = use "record"
local strand = use "strand"
local text = use "text"

local COMMON = { retry = options.retry, timeout = options.timeout, catch = options.catch,
                 when = options.callback, input = options.callback, output = options.callback,
                 about = options.words }
local FLOW = { input = options.shape, timeout = options.timeout, entries = options.entries,
               about = options.words }
-- Filled below with every kind that is a step.
local STEPS = {}

local function label(node)
    return ('%s "%s"'):format(node.kind, text.show(node.name))
end

local function needs_steps(node)
    if #node.children == 0 and not node.partial then
        findings.error("run.missing", label(node) .. " has no steps", node.line,
                       'put a task "name" (function(s, ctx) ... end) in it')
    end
end

local kinds = {}

kinds.flow = { options = FLOW, children = STEPS, validate = needs_steps,
               later = { vars = true, input_schema = true, secret = true } }

kinds.task = { options = { run = options.callback }, children = {}, shorthand = "run", step = true }

function kinds.task.validate(node)
    if node.options.run == nil and not node.partial then
        findings.error("run.missing", label(node) .. " has no run", node.line,
                       "write run = function(s, ctx) ... end")
    end
end

function kinds.task.run(frame)
    local ok, value = strand.call(frame, frame.node.set.run, frame.scope.view, ctx.new(frame))
    if not ok then
        return false, value
    end
    return record.encode(value, frame)
end

kinds.seq = { options = {}, children = STEPS, validate = needs_steps, step = true }

function kinds.seq.run(frame, walk)
    return walk(frame.node.children)
end

kinds.choice = { options = {}, children = { when = true, otherwise = true }, step = true }

function kinds.choice.validate(node)
    local closed, seen = false, {}
    for _, branch in ipairs(node.children) do
        if closed then
            findings.warning("branch.unreachable", ("%s: %s stands after otherwise"):format(
                             label(node), label(branch)), branch.line, "put otherwise last")
        elseif seen[branch.name] then
            findings.error("name.duplicate", ("%s: two branches are called %s"):format(
                           label(node), text.show(branch.name)), branch.line,
                           "labels of one choice differ")
        end
        closed = closed or branch.kind == "otherwise"
        seen[branch.name or ""] = true
    end
    if #node.children == 0 and not node.partial then
        findings.error("run.missing", label(node) .. " has no branches", node.line,
                       'put when("label", function(s) ... end) { ... } in it')
    end
end

-- The branch that was chosen, as a record; true, record | false, fault.
local function choose(frame)
    for _, branch in ipairs(frame.node.children) do
        local ok, holds = true, true
        if branch.kind == "when" then
            ok, holds = strand.call(frame, branch.predicate, frame.scope.view)
        end
        if not ok then
            return false, holds
        elseif holds then
            return true, record.new(frame, "chosen", host.encode(branch.name, 1024))
        end
    end
    local message = ("%s: no branch matched, and there is no otherwise"):format(label(frame.node))
    return false, fault.new("no_match", message)
end

function kinds.choice.run(frame, walk)
    local ok, chosen = choose(frame)
    if not ok then
        return false, chosen
    end
    local name = record.value(chosen)
    for _, branch in ipairs(frame.node.children) do
        if branch.name == name then
            return walk(branch.children, name)
        end
    end
end

-- Clauses.
kinds.when = { options = {}, children = STEPS, clause = true }
kinds.otherwise = { options = {}, children = STEPS, clause = true }
kinds.on = { options = {}, children = STEPS, clause = true }

function kinds.when.validate(node)
    if type(node.predicate) ~= "function" then
        findings.error("option.type", label(node) .. " has no predicate", node.line,
                       'write when("label", function(s) return ... end) { ... }')
    end
end

function kinds.on.validate(node)
    local hint = node.name and pattern.problem(node.name)
    if hint then
        findings.error("pattern.unknown", ('no error code matches "%s"'):format(
                       text.show(node.name)), node.line, hint)
    end
end

-- Nodes of the language that are not built yet.
for _, name in ipairs({ "parallel", "map", "loop", "wait", "call" }) do
    kinds[name] = { options = {}, children = STEPS, step = true, unavailable = true }
end

for name, kind in pairs(kinds) do
    kind.later = kind.later or { undo = true }
    if kind.step then
        STEPS[name] = true
        for option, reader in pairs(COMMON) do
            kind.options[option] = reader
        end
    end
end

return kinds
