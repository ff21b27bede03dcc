-- tree: a checked flow as plain data: what a picture, a page or a list of it is made from.
-- Each node is {kind, name, line, children, ...} with its options as they were written; functions
-- are only told to be there.
local host, use = ...
local shape_schema = use "shape_schema"

local tree = {}

local WORDS = { "about", "max", "flow" }
local CALLBACKS = { "when", "undo", "over", "done" }

local function list_of(nodes)
    local list = {}
    for i, node in ipairs(nodes) do
        list[i] = tree.of(node)
    end
    return host.array(list)
end

local function tolerance(set)
    local given = set.tolerate
    return given and (given.percent and given.percent .. "%" or given.count) or nil
end

-- What a node looks like outside.
function tree.of(node)
    local set = node.set or {}
    local out = { kind = node.kind, name = node.name, line = node.line,
                  children = list_of(node.children), tolerate = tolerance(set) }
    for _, name in ipairs(WORDS) do
        out[name] = set[name]
    end
    for _, name in ipairs(CALLBACKS) do
        out[name] = set[name] and true or nil
    end
    out.timeout = set.timeout and set.timeout.text
    out.delay = set.delay and set.delay.text
    out.retry = set.retry and { attempts = set.retry.attempts } or nil
    out.input = node.kind == "flow" and shape_schema.of(node) or nil
    out.catch = set.catch and list_of(set.catch) or nil
    return out
end

return tree
