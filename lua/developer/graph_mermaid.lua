-- graph_mermaid: a flow in the language of Mermaid's flowcharts, which pages and editors draw.
-- Whatever could mean something to Mermaid or to HTML is written as a character's number.
local _, use = ...
local edges = use "graph_edges"
local node = use "graph_node"

local writer = {}

local ABOUT_MAX = 80

local function escape(words)
    return (words:gsub("[^%w %.,:_/()%-\x80-\xFF]", function(c)
        return ("#%d;"):format(c:byte())
    end))
end

-- The shape around a label, by kind.
local SHAPES = { choice = { '{{"', '"}}' }, wait = { '(["', '"])' }, call = { '[["', '"]]' },
                 begin = { '(["', '"])' }, finish = { '(("', '"))' }, fork = { '(("', '"))' },
                 join = { '(("', '"))' }, task = { '["', '"]' } }

-- A class is is_ and the kind, because call and end are words of Mermaid's own.
-- kind -> how it is filled and drawn; every word is readable on light and dark pages.
local CLASSES = {
    { "task", "fill:#eaf1fe,stroke:#2f6fed,color:#0f172a" },
    { "choice", "fill:#fdf3e3,stroke:#d97706,color:#0f172a" },
    { "wait", "fill:#e3f5f9,stroke:#0891b2,color:#0f172a" },
    { "call", "fill:#ebeafc,stroke:#4f46e5,color:#0f172a" },
    { "seq", "fill:#f5f7f9,stroke:#94a3b8,color:#0f172a" },
    { "parallel", "fill:#f7f4fe,stroke:#a78bfa,color:#0f172a" },
    { "map", "fill:#f1f9f8,stroke:#5eb8ae,color:#0f172a" },
    { "loop", "fill:#fdf4f8,stroke:#e879b0,color:#0f172a" },
    { "point", "fill:#334155,stroke:#334155,color:#fff" },
}
local POINTS = { begin = true, finish = true, fork = true, join = true }
local POINT_WORDS = { finish = "end", fork = "all", join = "join" }

local function label_of(it)
    local lines = { "<b>" .. escape(POINT_WORDS[it.kind] or it.name) .. "</b>" }
    local words = not POINTS[it.kind] and node.words(it) or {}
    if #words > 0 then
        lines[#lines + 1] = escape(table.concat(words, ", "))
    end
    if it.about then
        lines[#lines + 1] = "<i>" .. escape(node.brief(it.about, ABOUT_MAX)) .. "</i>"
    end
    return table.concat(lines, "<br>")
end

-- One line: Mermaid leaves no room for more at the top of a group.
local function group_label(it)
    local words = node.words(it)
    table.insert(words, 1, it.kind .. " " .. it.name)
    return escape(table.concat(words, ", "))
end

local function edge_label(clause)
    return clause.kind == "on" and "on " .. clause.name or node.label(clause)
end

local ARROWS = { caught = "-.->", back = "-->" }

-- What takes the parts and writes a line for each.
local function lines_into(out)
    local lines, indent = {}, "    "
    function lines.node(id, it)
        local shape = SHAPES[it.kind] or SHAPES.task
        local class = POINTS[it.kind] and "point" or it.kind
        out[#out + 1] = indent .. id .. shape[1] .. label_of(it) .. shape[2] .. ":::is_" .. class
    end
    function lines.group(id, it)
        out[#out + 1] = ('%ssubgraph %s["%s"]'):format(indent, id, group_label(it))
        indent = indent .. "    "
    end
    function lines.close(id, it)
        indent = indent:sub(5)
        out[#out + 1] = indent .. "end"
        out[#out + 1] = ("%sclass %s is_%s"):format(indent, id, it.kind)
    end
    function lines.edge(from, to, label, how, group)
        out[#out + 1] = ("    %s %s%s %s"):format(group or from, ARROWS[how] or "-->",
            label and '|"' .. escape(label) .. '"|' or "", to)
    end
    return lines
end

function writer.render(tree)
    local out = { "flowchart TD" }
    edges.of(tree, lines_into(out), edge_label)
    for _, class in ipairs(CLASSES) do
        out[#out + 1] = ("    classDef is_%s %s"):format(class[1], class[2])
    end
    return table.concat(out, "\n") .. "\n"
end

return writer
