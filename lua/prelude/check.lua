-- check: what is wrong with a flow's tree, told before anything runs: every finding, not the first.
-- Reads options into node.set on the way, which is what the interpreter uses.
-- Touches only plain tables of the prelude, never the author's code.
local _, use = ...
local body = use "body"
local findings = use "findings"
local kinds = use "kinds"
local spelling = use "spelling"
local text = use "text"

local check = {}

local RESERVED = { input = true, item = true, index = true, err = true, errors = true }
local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
               return then true until while]]):gmatch("%a+") do
    KEYWORDS[word] = true
end

local function check_name(node)
    local name = node.name
    local kind = kinds[node.kind]
    if not name or node.kind == "on" then
        return
    elseif RESERVED[name] and kind.step then
        findings.error("name.invalid", text.label(node) .. ": the name is reserved", node,
                       "input, item, index, err and errors mean something else on s")
    elseif kind.step and (not name:find("^[%a_][%w_]*$") or KEYWORDS[name]) then
        findings.error("name.invalid", text.label(node) .. ": a step's name is an identifier",
                       node, "letters, digits and _, no digit first, no keyword of Lua")
    elseif not name:find("^[%w_.-]+$") or #name > 100 then
        findings.error("name.invalid", ('%s: the name has other than letters, digits, _ . -')
                       :format(text.label(node)), node, "choose a short plain name")
    end
end

local function unknown_option(node, name)
    local kind = kinds[node.kind]
    findings.error("option.unknown", ('%s: unknown option "%s"'):format(
                   text.label(node), text.show(name)), { node = node, option = name },
                   spelling.hint(name, kind.options))
end

local function check_options(node)
    node.set = {}
    for _, name in ipairs(text.names(node.options)) do
        local read = kinds[node.kind].options[name]
        if not read then
            unknown_option(node, name)
        else
            local parsed, problems = read(node.options[name], name, body.nodes)
            node.set[name] = parsed
            for _, problem in ipairs(problems or {}) do
                findings.error(problem.code, text.label(node) .. ": " .. problem.message,
                               { node = node, option = problem.option or name }, problem.hint)
            end
        end
    end
end

local function check_timeout(node, flow)
    local own, whole = node.set.timeout, flow.set.timeout
    if own and whole and own.ms > whole.ms then
        findings.warning("timeout.longer", ("%s: timeout %s is longer than the flow's, %s"):format(
                         text.label(node), own.text, whole.text),
                         { node = node, option = "timeout" }, "the flow's ends the run")
    end
end

local function check_siblings(nodes)
    local first = {}
    for _, node in ipairs(nodes) do
        local other = node.name and kinds[node.kind].step and first[node.name]
        if other then
            findings.error("name.duplicate", ('two steps are called "%s"'):format(
                           text.show(node.name)), node,
                           ("the other one begins on line %d"):format(other.line))
        end
        first[node.name or ""] = other or node
    end
end

local function walk(node, flow)
    local kind = kinds[node.kind]
    check_name(node)
    check_options(node)
    check_timeout(node, flow)
    if kind.validate then
        kind.validate(node)
    end
    check_siblings(node.children)
    for _, child in ipairs(node.children) do
        walk(child, flow)
    end
    for _, handler in ipairs(node.set.catch or {}) do
        walk(handler, flow)
    end
end

-- Aliases must name a top-level step.
local function check_entries(flow)
    local steps = {}
    for _, child in ipairs(flow.children) do
        steps[child.name or ""] = true
    end
    for _, alias in ipairs(text.names(flow.set.entries or {})) do
        local step = flow.set.entries[alias]
        if not steps[step] then
            findings.error("entry.unknown", ('entries: "%s" is no top-level step'):format(
                           text.show(step)), { node = flow, option = "entries." .. alias },
                           spelling.hint(step, steps))
        end
    end
end

local function check_input(flow)
    if flow.options.input ~= nil and flow.options.input_schema ~= nil then
        findings.error("option.type", text.label(flow) .. ": both input and input_schema",
                       { node = flow, option = "input_schema" }, "keep one of them")
    end
end

-- flow: the root node.
function check.flow(flow)
    local before = findings.enter(flow.file)
    walk(flow, flow)
    check_entries(flow)
    check_input(flow)
    findings.enter(before)
end

return check
