-- graph_text: a flow as an indented tree for a terminal: kind, name, options in brackets, and what
-- it is about after a dash, wrapped. With colour: escape sequences of ECMA-48, kinds apart.
local _, use = ...
local measure = use "graph_measure"
local node = use "graph_node"

local writer = {}

local COLUMNS = 100
local ABOUT_LEAST = 30 -- columns that an about gets, however deep it stands

-- kind -> parameters of SGR
local COLOURS = { task = "34", seq = "90", choice = "33", parallel = "35", map = "36",
                  loop = "95", wait = "96", call = "94", flow = "1", on = "31", when = "33",
                  otherwise = "33" }

local function paint(coloured, parameters, words)
    return coloured and ("\27[%sm%s\27[0m"):format(parameters, words) or words
end

-- The lines of what it is about, and the column at which the first begins.
local function abouts_of(it, prefix, shown)
    if not it.about then
        return {}
    end
    local first = measure.columns(prefix) + measure.columns(shown) + 3
    if measure.columns(it.about) + first <= COLUMNS then
        return { it.about }, true
    end
    local room = math.max(ABOUT_LEAST, COLUMNS - measure.columns(prefix) - 2)
    return measure.wrap_columns(it.about, room), false
end

local function add_node(out, it, prefix, below, coloured)
    local name = it.kind == "otherwise" and "" or " " .. it.name
    local words = table.concat(node.words(it), ", ")
    words = words ~= "" and " [" .. words .. "]" or ""
    local abouts, beside = abouts_of(it, prefix, it.kind .. name .. words)
    local line = { prefix, paint(coloured, COLOURS[it.kind] or "0", it.kind),
                   paint(coloured, "1", name), paint(coloured, "90", words) }
    if beside then
        line[#line + 1] = paint(coloured, "90", " — " .. abouts[1])
        abouts = {}
    end
    out[#out + 1] = table.concat(line)
    for _, about in ipairs(abouts) do
        out[#out + 1] = below .. paint(coloured, "90", about)
    end
end

local function add(out, it, prefix, below, coloured)
    local inside = table.move(it.children, 1, #it.children, 1, {})
    table.move(it.catch, 1, #it.catch, #inside + 1, inside)
    add_node(out, it, prefix, below .. (#inside > 0 and "│ " or "  "), coloured)
    for i, child in ipairs(inside) do
        local last = i == #inside
        add(out, child, below .. (last and "└─ " or "├─ "), below .. (last and "   " or "│  "),
            coloured)
    end
end

function writer.render(tree, coloured)
    local out = {}
    add(out, tree, "", "", coloured)
    return table.concat(out, "\n") .. "\n"
end

return writer
