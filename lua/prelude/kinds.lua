-- kinds: the table of nodes: kind -> { options, children, validate, run }.
-- options: name -> reader (options.lua); children: the kinds that may stand in it; shorthand: type
-- of a bare body -> its option; run(frame, walk) -> true, JSON text | false, fault.
local _, use = ...
local ctx = use "ctx"
local findings = use "findings"
local options = use "options"
local pattern = use "pattern"
local record = use "record"
local strand = use "strand"
local text = use "text"

local COMMON = { retry = options.retry, timeout = options.timeout, catch = options.catch,
                 when = options.callback, input = options.callback, output = options.callback,
                 undo = options.callback, about = options.words }
-- Filled below with every kind that is a step.
local STEPS = {}

local function needs_steps(node)
    if #node.children == 0 and not node.partial then
        findings.error("run.missing", text.label(node) .. " has no steps", node,
                       'put a task "name" (function(s, ctx) ... end) in it')
    end
end

local kinds = {
    choice = use "choice",
    parallel = use "parallel",
    map = use "map",
    loop = use "loop",
    wait = use "wait",
    call = use "call",
}

kinds.task = { options = { run = options.callback }, children = {},
               shorthand = { ["function"] = "run" }, step = true }

function kinds.task.validate(node)
    if node.options.run == nil and not node.partial then
        findings.error("run.missing", text.label(node) .. " has no run", node,
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

kinds.seq = { options = {}, children = STEPS, step = true }

function kinds.seq.run(frame, walk)
    return walk(frame, frame.node.children, {})
end

kinds.flow = { options = { input = options.shape, input_schema = options.schema,
                           vars = options.vars, timeout = options.timeout,
                           entries = options.entries, about = options.words },
               children = STEPS }

-- Clauses.
kinds.when = { options = {}, children = STEPS }
kinds.otherwise = { options = {}, children = STEPS }
kinds.on = { options = {}, children = STEPS }

function kinds.when.validate(node)
    if type(node.predicate) ~= "function" then
        findings.error("option.type", text.label(node) .. " has no predicate", node,
                       'write when("label", function(s) return ... end) { ... }')
    end
end

function kinds.on.validate(node)
    local hint = node.name and pattern.problem(node.name)
    if hint then
        findings.error("pattern.unknown", ('no error code matches "%s"'):format(
                       text.show(node.name)), node, hint)
    end
end

for name, kind in pairs(kinds) do
    kind.shorthand = kind.shorthand or {}
    if kind.step then
        STEPS[name] = true
        for option, reader in pairs(COMMON) do
            kind.options[option] = kind.options[option] or reader
        end
    end
end
for _, name in ipairs({ "seq", "parallel", "map", "loop", "flow" }) do
    kinds[name].children = STEPS
    local validate = kinds[name].validate
    kinds[name].validate = function(node)
        needs_steps(node)
        if validate then
            validate(node)
        end
    end
end

return kinds
