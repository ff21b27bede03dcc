-- body: what stands behind a node's name, read into the node: children in order, options by name.
-- Runs in the author's strand, so it may meet anything; what it keeps is copied raw, and bounded in
-- size and depth, so that the checker and the interpreter meet only plain tables.
local _, use = ...
local findings = use "findings"
local kinds = use "kinds"
local text = use "text"

-- nodes: handle -> node
local body = { nodes = setmetatable({}, { __mode = "k" }) }

local nodes = body.nodes
local DEPTH_MAX = 64
local SIZE_MAX = 10000
local OPTION_DEPTH_MAX = 40
local RUN_HINT = "write run = function(s, ctx) ... end"
local PLACES = { on = "write catch = { on ... }", when = "it is a branch of a choice",
                 otherwise = "it is a branch of a choice", flow = "a flow is a file's; see call" }
local STEP_HINT = 'steps are written task "name" (function(s, ctx) ... end)'

local function copy(value, depth)
    if type(value) ~= "table" or nodes[value] then
        return value
    elseif depth > OPTION_DEPTH_MAX then
        return nil
    end
    local out = {}
    for key, item in next, value do
        if type(key) ~= "table" then
            out[key] = copy(item, depth + 1)
        end
    end
    return out
end

-- where: the node itself, unless something in it is to blame (findings.lua).
local function refuse(node, code, message, hint, where)
    node.partial = true -- what is wrong with it has been said
    findings.error(code, text.label(node) .. ": " .. message, where or node, hint)
end

-- Adds the child's weight to the node's; false, and said, when that is too much.
local function carry(node, child)
    if child.depth >= DEPTH_MAX or node.size + child.size > SIZE_MAX then
        refuse(node, "limit.nodes", ("over %d steps, or nested over %d deep"):format(
               SIZE_MAX, DEPTH_MAX), "split the flow")
        return false
    end
    node.size = node.size + child.size
    node.depth = math.max(node.depth, child.depth + 1)
    return true
end

-- Options may hold clauses with steps of their own (catch); they weigh as children do.
local function carry_option(node, value)
    if nodes[value] then
        return carry(node, nodes[value])
    end
    for _, item in pairs(type(value) == "table" and value or {}) do
        if nodes[item] and not carry(node, nodes[item]) then
            return false
        end
    end
    return true
end

local function adopt(node, item, place)
    local child = nodes[item]
    local kind = kinds[node.kind]
    if not child then
        refuse(node, "option.type", ("entry %s is %s, not a step"):format(
               text.show(place), text.a(type(item))),
               kind.shorthand["function"] and type(item) == "function" and RUN_HINT or STEP_HINT,
               { node = node, entry = place })
    elseif not child.closed then
        refuse(node, "run.missing", text.label(child) .. " has no body",
               ('write %s { ... } in one piece'):format(text.label(child)), child)
    elseif not kind.children[child.kind] then
        refuse(node, "option.type", ("%s cannot stand in it"):format(text.a(child.kind)),
               PLACES[child.kind] or "", child)
    elseif carry(node, child) then
        node.children[#node.children + 1] = child
    end
end

-- Entries with a number, in order; the others become options.
local function read_table(node, value)
    local places = {}
    for key, item in next, value do
        if math.type(key) == "integer" then
            places[#places + 1] = key
        elseif type(key) == "string" then
            local option = copy(item, 1)
            if carry_option(node, option) then
                node.options[text.clean(key, 100)] = option
            end
        else
            refuse(node, "option.unknown", "an option's name is " .. text.a(type(key)))
        end
    end
    table.sort(places)
    for _, place in ipairs(places) do
        adopt(node, rawget(value, place), place)
    end
end

function body.read(node, value)
    local kind = kinds[node.kind]
    local option = kind.shorthand[type(value)]
    if option then
        node.options[option] = value
    elseif type(value) == "table" and not nodes[value] then
        read_table(node, value)
    else
        refuse(node, "option.type", ("its body is %s"):format(
               nodes[value] and "a step" or text.a(type(value))),
               ("write %s { ... }"):format(text.label(node)))
    end
    node.closed = true -- only now, so that it cannot stand in itself
end

return body
