-- places: where in its text a node stands, and each of its options, so that findings have columns.
-- Nodes are found by kind, name and line, which is all that a node knows of its text. What is not
-- found (a name that was computed) has the node's line and column 0.
local _, use = ...
local lexer = use "lexer"

local places = {}

local known = {} -- file -> its facts
local nodes = {} -- file -> key -> nodes of scan.lua; made when they are asked for

local function key_of(kind, name)
    return kind .. "\0" .. (name or "")
end

-- facts: what scan.lua read in the file.
function places.add(file, facts)
    known[file], nodes[file] = facts, nil
end

local function nodes_of(file)
    if not nodes[file] and known[file] then
        local found = {}
        for _, node in ipairs(known[file].nodes) do
            local key = key_of(node.kind, node.name)
            found[key] = found[key] or {}
            table.insert(found[key], node)
        end
        nodes[file] = found
    end
    return nodes[file]
end

-- The column of the line's first require in the file; 0: it has none.
function places.require_on(file, line)
    for _, module in ipairs(known[file] and known[file].requires or {}) do
        if lexer.line(module.place) == line then
            return lexer.column(module.place)
        end
    end
    return 0
end

-- The last one of the line, as two of a name are told at the second; else the only one there is.
local function pick(list, line)
    local found
    for _, node in ipairs(list or {}) do
        if lexer.line(node.place) == line then
            found = node
        end
    end
    return found or list and #list == 1 and list[1] or nil
end

local function find(file, node)
    local found = nodes_of(file)
    return found and (pick(found[key_of(node.kind, node.name)], node.line)
                      or pick(found[key_of(node.kind)], node.line))
end

-- The option's place, or that of the nearest one around it: "retry.on", then "retry".
local function option_place(found, path)
    while path do
        if found.options[path] then
            return found.options[path]
        end
        path = path:match("^(.+)%.[^.]*$")
    end
end

-- Line and column of a node in a file, or of a part of it: its option (a path of keys with dots),
-- its entry (a number), or the body that it should not have again.
function places.of(file, node, part)
    local found = find(file, node)
    if not found then
        return node.line or 0, 0
    end
    local place = part.option and option_place(found, part.option)
        or part.entry and found.entries and found.entries[part.entry]
        or part.again and found.again or found.place
    return lexer.line(place), lexer.column(place)
end

-- The line of the first node of that name in the file, or nil.
function places.line_of(file, name)
    for _, node in ipairs(known[file] and known[file].nodes or {}) do
        if node.name == name then
            return lexer.line(node.place)
        end
    end
end

return places
