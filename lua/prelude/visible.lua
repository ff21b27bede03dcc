-- visible: which names s has at each place of a flow's tree, for the check of s.<name> in its
-- steps. of(root) -> a list of {callback, names}: the author's functions, and what each may read;
-- names[x] tells whether x is there, pairs(names) lists them.
-- A scope is {around, before, places, fixed, all}: places: name -> which child has it.
local visible = {}

local ALWAYS = { input = true, errors = true }

local function has(scope, before, name)
    while scope do
        local place = scope.places[name]
        if scope.fixed[name] or place and (scope.all or place < before) then
            return true
        end
        before, scope = scope.before, scope.around
    end
    return ALWAYS[name] or false
end

local function each(scope, before)
    local names = {}
    while scope do
        for name, place in pairs(scope.places) do
            names[name] = scope.all or place < before or names[name]
        end
        for name in pairs(scope.fixed) do
            names[name] = true
        end
        before, scope = scope.before, scope.around
    end
    names.input = true
    return next, names
end

-- What is seen in a scope before its before-th child.
local function names_at(scope, before)
    return setmetatable({}, {
        __index = function(_, name) return has(scope, before, name) end,
        __pairs = function() return each(scope, before) end,
    })
end

local function add(list, callback, names)
    if type(callback) == "function" then
        list[#list + 1] = { callback = callback, names = names }
    end
end

local function inner(children, around, before, fixed, all)
    local places = {}
    for i, child in ipairs(children) do
        if child.name and not places[child.name] then
            places[child.name] = i
        end
    end
    return { around = around, before = before, places = places, fixed = fixed or {}, all = all }
end

local FIXED = { map = { item = true, index = true }, loop = { index = true } }
local END = math.huge
local walk

local function visit(list, node, scope, place)
    local here, set = names_at(scope, place), node.set or {}
    for _, option in ipairs({ "when", "input", "run", "over", "output" }) do
        add(list, set[option], here)
    end
    add(list, set.undo, names_at(scope, END))
    for _, handler in ipairs(set.catch or {}) do
        walk(list, handler.children, inner(handler.children, scope, place, { err = true }))
    end
    if node.kind == "choice" or node.kind == "parallel" then
        for _, branch in ipairs(node.children) do
            add(list, branch.predicate, here)
            local own = node.kind == "parallel" and { branch } or branch.children
            walk(list, own, inner(own, scope, place))
        end
        return
    end
    local within = inner(node.children, scope, place, FIXED[node.kind], node.kind == "loop")
    add(list, set.done, names_at(within, END))
    walk(list, node.children, within)
end

function walk(list, children, scope)
    for i, child in ipairs(children) do
        visit(list, child, scope, i)
    end
end

-- root: a flow's node that check has read.
function visible.of(root)
    local list = {}
    walk(list, root.children, inner(root.children, nil, 0))
    return list
end

return visible
