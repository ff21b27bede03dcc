-- graph_json: a flow as data: its steps, what it takes, and its picture, for programs that show it.
-- {"name","about"?,"timeout"?,"input"?: JSON Schema,"steps":[node...],"svg"}; a node is {"path",
-- "id","kind","name","line","children",...} as in graph_node, its id that of the picture's element.
local host, use = ...
local svg = use "graph_svg"

local writer = {}

local TEXT_MAX = 7 * 1024 * 1024

local function listed(nodes)
    local list = {}
    for i, it in ipairs(nodes) do
        local out = {}
        for key, value in pairs(it) do
            out[key] = value
        end
        out.label = nil
        out.children = listed(it.children)
        out.catch = #it.catch > 0 and listed(it.catch) or nil
        list[i] = out
    end
    return host.array(list)
end

function writer.render(tree)
    return (host.encode({ name = tree.name, about = tree.about, timeout = tree.timeout,
                          input = tree.input, steps = listed(tree.children),
                          svg = svg.render(tree) }, TEXT_MAX))
end

return writer
