-- callees: the flows that a flow calls, found and checked when it loads, each once.
-- A flow that is not there, one that calls itself by whatever detour, and calls nested over
-- DEPTH_MAX deep are findings: the tree of steps is finite and known before anything runs.
local host, use = ...
local check = use "check"
local findings = use "findings"
local scheduler = use "scheduler"
local source = use "source"
local text = use "text"

-- roots: of all called flows
local callees = { roots = {} }

local DEPTH_MAX = 8
local known = {} -- name -> {root}, {problem}, or {} when it does not load

local function fetch(name)
    local head, body = scheduler.fetch_now("flow", name)
    local ok, answer = host.decode(head)
    if not ok or answer.error then
        return { problem = ok and answer.error.message or "no answer" }
    end
    local root = source.load(answer.file, body)
    if root then
        check.flow(root)
        callees.roots[#callees.roots + 1] = root
    end
    return { root = root }
end

-- The flow's node, loaded and checked; nil when there is none.
local function callee_of(node)
    local name = node.set.flow
    known[name] = known[name] or fetch(name)
    if known[name].problem then
        findings.error("call.unknown", ("%s: %s"):format(text.label(node), known[name].problem),
                       node, "a flow's name is its file's, without .lua")
    end
    return known[name].root
end

local resolve

local function resolve_call(node, chain)
    local root = callee_of(node)
    if not root then
        return
    end
    for i, caller in ipairs(chain) do
        if caller.file == root.file then
            local names = {}
            for at = i, #chain do
                names[#names + 1] = chain[at].name
            end
            findings.error("call.cycle", ("%s: the flow calls itself: %s -> %s"):format(
                           text.label(node), table.concat(names, " -> "), root.name),
                           node, "repeat steps with loop")
            return
        end
    end
    if #chain > DEPTH_MAX then
        findings.error("limit.depth", ("%s: calls are nested over %d deep"):format(
                       text.label(node), DEPTH_MAX), node, "call flatter")
        return
    end
    node.callee = root
    chain[#chain + 1] = root
    resolve(root, root, chain)
    chain[#chain] = nil
end

function resolve(node, root, chain)
    if node.kind == "call" and node.set.flow then
        local file = findings.enter(root.file)
        resolve_call(node, chain)
        findings.enter(file)
    end
    for _, child in ipairs(node.children) do
        resolve(child, root, chain)
    end
    for _, handler in ipairs(node.set.catch or {}) do
        resolve(handler, root, chain)
    end
end

-- Gives every call of the flow its callee; root: the flow's node.
function callees.resolve(root)
    resolve(root, root, { root })
end

return callees
