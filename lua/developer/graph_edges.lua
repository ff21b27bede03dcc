-- graph_edges: a flow as drawing programs take it: nodes, groups, and edges between.
-- of(tree, writer, label) tells the writer, in order: node(id, it), group(id, it), close(id, it);
-- then edge(from, to, label, how, group), how: nil, "caught" or "back"; group: it leaves the whole
-- group. it is a node of the tree, or begin, finish, fork or join, with a kind and a name alone.
local edges = {}

local CONTAINERS = { seq = true, map = true, loop = true, parallel = true }

local walk_list

-- A place is what an edge can leave: {id, label, how}.
local function leave(id, label, how)
    return { { id = id, label = label, how = how } }
end

local function add_node(walk, it)
    walk.count = walk.count + 1
    local id = "n" .. walk.count
    walk.writer.node(id, it)
    return id
end

local function connect(walk, places, to)
    for _, place in ipairs(places) do
        walk.edges[#walk.edges + 1] = { place.id, to, place.label, place.how,
                                        place.group }
    end
end

local function append(list, more)
    table.move(more, 1, #more, #list + 1, list)
end

-- Each walker takes the places from which a node is reached and returns those that lead on.
local function choice(walk, it, places, label)
    local id = add_node(walk, it)
    connect(walk, places, id)
    local out = {}
    for _, branch in ipairs(it.children) do
        append(out, walk_list(walk, branch.children, leave(id, label(branch))))
    end
    return out, id
end

local function parallel(walk, it, places)
    local fork = add_node(walk, { kind = "fork", name = it.name })
    connect(walk, places, fork)
    local out = {}
    for _, child in ipairs(it.children) do
        append(out, (walk_list(walk, { child }, leave(fork))))
    end
    local join = add_node(walk, { kind = "join", name = it.name })
    connect(walk, out, join)
    return leave(join), fork
end

local function loop(walk, it, places)
    local out, first = walk_list(walk, it.children, places)
    for _, place in ipairs(first and out or {}) do
        local label = (place.label and place.label .. ", " or "") .. "until done"
        walk.edges[#walk.edges + 1] = { place.id, first, label, "back" }
    end
    return out, first
end

local function handlers(walk, it, from, out, group)
    for _, handler in ipairs(it.catch) do
        local places = leave(from, walk.label(handler), "caught")
        places[1].group = group
        append(out, (walk_list(walk, handler.children, places)))
    end
    return out
end

local function walk_node(walk, it, places)
    local out, id, group
    if CONTAINERS[it.kind] then
        walk.groups = walk.groups + 1
        group = "g" .. walk.groups
        walk.writer.group(group, it)
        if it.kind == "parallel" then
            out, id = parallel(walk, it, places)
        elseif it.kind == "loop" then
            out, id = loop(walk, it, places)
        else
            out, id = walk_list(walk, it.children, places)
        end
        walk.writer.close(group, it)
    elseif it.kind == "choice" then
        out, id = choice(walk, it, places, walk.label)
    else
        id = add_node(walk, it)
        connect(walk, places, id)
        out = leave(id)
    end
    return id and handlers(walk, it, id, out, group) or out, id
end

-- The places that lead on, and the id of the first node.
function walk_list(walk, nodes, places)
    local first
    for _, it in ipairs(nodes) do
        local id
        places, id = walk_node(walk, it, places)
        first = first or id
    end
    return places, first
end

-- label(clause) is the words on its edge.
function edges.of(tree, writer, label)
    local walk = { writer = writer, label = label, count = 0, groups = 0, edges = {} }
    local begin = add_node(walk, { kind = "begin", name = tree.name })
    local places = walk_list(walk, tree.children, leave(begin))
    connect(walk, places, add_node(walk, { kind = "finish", name = tree.name }))
    for _, edge in ipairs(walk.edges) do
        writer.edge(table.unpack(edge, 1, 5))
    end
end

return edges
