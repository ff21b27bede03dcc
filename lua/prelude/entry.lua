-- entry: the step at which a run begins.
-- A node id is the flow's name, its board's, or "start" (the beginning), an alias of entries, or
-- the name of a top-level step.
local _, use = ...
local text = use "text"

local entry = {}

local function index_of(flow, name)
    for i, child in ipairs(flow.children) do
        if child.name == name then
            return i
        end
    end
end

-- All that may be asked for, in order, each once.
function entry.names(flow)
    local names, seen = {}, {}
    local function add(name)
        if name and not seen[name] then
            seen[name] = true
            names[#names + 1] = name
        end
    end
    add(flow.name)
    add("start")
    local aliases = {}
    for alias in pairs(flow.set.entries or {}) do
        aliases[#aliases + 1] = alias
    end
    table.sort(aliases)
    for _, alias in ipairs(aliases) do
        add(alias)
    end
    for _, child in ipairs(flow.children) do
        add(child.name)
    end
    return names
end

-- The place of the first step; nil and a message when there is no such entry.
function entry.find(flow, id, board)
    if id == flow.name or id == "start" or id == board then
        return 1
    end
    local alias = (flow.set.entries or {})[id]
    local place = index_of(flow, alias or id)
    if place then
        return place
    end
    return nil, ('the flow has no node "%s"; it has: %s'):format(
                text.show(id), table.concat(entry.names(flow), ", "))
end

return entry
