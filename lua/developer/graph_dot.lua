-- graph_dot: a flow in the language of Graphviz: dot -Tsvg flow.dot > flow.svg.
-- Labels are Graphviz's HTML: name, options, what it is about; everything of the author's escaped.
local _, use = ...
local edges = use "graph_edges"
local measure = use "graph_measure"
local node = use "graph_node"

local writer = {}

local COLUMNS = 34

-- kind -> attributes
local SHAPES = {
    task = 'style="rounded,filled" color="#2f6fed" fillcolor="#eaf1fe"',
    choice = 'shape=hexagon style=filled color="#d97706" fillcolor="#fdf3e3"',
    wait = 'shape=oval style=filled color="#0891b2" fillcolor="#e3f5f9"',
    call = 'peripheries=2 style=filled color="#4f46e5" fillcolor="#ebeafc"',
    begin = 'shape=circle style=filled fillcolor="#334155" width=0.18 label=""',
    finish = 'shape=doublecircle style=filled fillcolor="#334155" width=0.12 label=""',
    fork = 'shape=rect style=filled color="#7c3aed" fillcolor="#7c3aed" width=1.6 height=0.05 '
           .. 'label=""',
}
SHAPES.join = SHAPES.fork

local GROUPS = { seq = "#64748b", parallel = "#7c3aed", map = "#0d9488", loop = "#db2777" }

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
                   ["'"] = "&#39;" }

local function escape(words)
    return (words:gsub("[&<>\"']", ENTITIES))
end

-- In double quotes: as it stands; a backslash would begin an escape sequence of Graphviz.
local function quote(words)
    return '"' .. words:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

local function label_of(it, name)
    local lines = { ("<b>%s</b>"):format(escape(measure.cut(name, 2 * COLUMNS))) }
    local words = node.words(it)
    if #words > 0 then
        lines[#lines + 1] = ('<font point-size="9">%s</font>'):format(
            escape(table.concat(words, " · ")))
    end
    for _, line in ipairs(it.about and measure.wrap_columns(node.brief(it.about, 3 * COLUMNS),
                                                            COLUMNS) or {}) do
        lines[#lines + 1] = ('<font point-size="9" color="#5b687c">%s</font>'):format(escape(line))
    end
    return "<" .. table.concat(lines, "<br/>") .. ">"
end

local function edge_label(clause)
    return clause.kind == "on" and "on " .. clause.name or node.label(clause)
end

local HOW = { caught = ' style=dashed color="#dc2626" fontcolor="#dc2626"',
              back = ' color="#db2777" fontcolor="#db2777" constraint=false tailport=e headport=e' }

local function lines_into(out)
    local lines, indent = {}, "    "
    local function add(format, ...)
        out[#out + 1] = indent .. format:format(...)
    end
    function lines.node(id, it)
        local shape = SHAPES[it.kind] or SHAPES.task
        if it.path then
            add("%s [%s label=%s id=%s];", id, shape, label_of(it, it.name), quote(it.id))
        else
            add("%s [%s];", id, shape)
        end
    end
    function lines.group(id, it)
        add("subgraph cluster_%s {", id)
        indent = indent .. "    "
        add('label=%s style="rounded" color="%s" labeljust=l;',
            label_of(it, it.kind .. " " .. it.name), GROUPS[it.kind])
    end
    function lines.close()
        indent = indent:sub(5)
        add("}")
    end
    function lines.edge(from, to, label, how, group)
        add("%s -> %s [%s%s%s];", from, to, label and "label=" .. quote(label) or "",
            HOW[how] or "", group and " ltail=cluster_" .. group or "")
    end
    return lines
end

function writer.render(tree)
    local out = { ("digraph %s {"):format(quote(tree.name)),
                  '    graph [fontname="Helvetica" fontsize=12 labelloc=t compound=true];',
                  '    node [shape=box fontname="Helvetica" fontsize=12];',
                  '    edge [color="#64748b" fontname="Helvetica" fontsize=10];',
                  ("    label=%s;"):format(label_of(tree, tree.name)) }
    edges.of(tree, lines_into(out), edge_label)
    out[#out + 1] = "}"
    return table.concat(out, "\n") .. "\n"
end

return writer
