-- graph: a picture of a flow, made of the tree that it is described by.
-- render(tree, format) -> text; the formats are text, colour (text for a terminal), mermaid, dot,
-- svg and json. What stands in a tree: see graph_node.
local _, use = ...
local node = use "graph_node"

local graph = {}

local WRITERS = { text = "graph_text", colour = "graph_text", mermaid = "graph_mermaid",
                  dot = "graph_dot", svg = "graph_svg", json = "graph_json" }

function graph.render(tree, format)
    local writer = WRITERS[format]
    if not writer then
        error(("no format is called '%s'"):format(format))
    end
    return use(writer).render(node.prepare(tree), format == "colour")
end

return graph
