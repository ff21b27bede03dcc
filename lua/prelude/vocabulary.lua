-- vocabulary: the words of a flow file: flow task seq choice parallel map loop wait call, and the
-- clauses when otherwise on. Each makes an opaque handle of a node {kind, name, line, options,
-- children}; it is open until its body is given; a second body means that a comma is missing.
local host, use = ...
local body = use "body"
local findings = use "findings"
local kinds = use "kinds"
local text = use "text"

local vocabulary = { nodes = body.nodes }

local nodes = body.nodes
local handles = { __metatable = "step", __name = "step" }

function handles.__newindex()
    error("a step cannot be changed after it was made", 2)
end

function handles.__call(handle, value)
    local node = nodes[handle]
    if node.closed then
        findings.error("comma.missing", ("a comma is missing after %s"):format(text.label(node)),
                       { node = node, again = true },
                       ("put a comma after the step that begins on line %d"):format(node.line))
        return handle
    end
    body.read(node, value)
    return handle
end

local function open(kind, name)
    local _, line = host.where(1)
    local node = { kind = kind, line = line or 0, options = {}, children = {}, size = 1,
                   depth = 1 }
    node.name = type(name) == "string" and text.clean(name, 200) or nil
    local handle = setmetatable({}, handles)
    nodes[handle] = node
    return handle, node
end

local function unnamed(node, value)
    findings.error("name.invalid", ("a %s has no name"):format(node.kind), node,
                   ('write %s "name" { ... }'):format(node.kind))
    if type(value) == "table" and not nodes[value] then
        body.read(node, value)
    end
end

local function named(kind)
    return function(name, predicate)
        local handle, node = open(kind, name)
        if not node.name then
            unnamed(node, name)
        end
        node.predicate = kind == "when" and predicate or nil
        return handle
    end
end

local function otherwise(value)
    local handle, node = open("otherwise", "otherwise")
    body.read(node, value)
    return handle
end

-- Puts the words into a flow's globals.
function vocabulary.add(globals)
    for kind in pairs(kinds) do
        globals[kind] = named(kind)
    end
    globals.otherwise = otherwise
end

return vocabulary
