-- gather: what scan.lua meets in a text, kept as facts: scopes are resolved here, and what is said
-- of globals, of outer locals and of a function's first parameter finds its place. The number of
-- facts is bounded, whatever the text is. One text is read at a time.
local gather = {}

local FACTS_MAX = 50000
local GLOBALS_MAX = 1000 -- more are not told anyway

local facts, words, count
local bound, actives -- name -> innermost local; all locals in the order of their making
local func           -- the function that is read

function gather.begin(known)
    facts = { reads = {}, writes = {}, functions = {}, callbacks = {}, others = {}, nodes = {},
              twice = {}, requires = {}, raised = {} }
    words, count, bound, actives, func = known, 0, {}, {}, {}
    return facts
end

function gather.finish()
    facts, words, bound, actives, func = nil, nil, nil, nil, nil
end

-- Whether there is room for one more fact.
local function room()
    count = count + 1
    facts.partial = facts.partial or count > FACTS_MAX
    return count <= FACTS_MAX
end

local function note(list, fact)
    if room() then
        list[#list + 1] = fact
    end
end

local function note_global(list, fact)
    if #list < GLOBALS_MAX and not bound._ENV then
        list[#list + 1] = fact
    end
end

local function note_name(of, list, name, at)
    if not (of[list] and of[list][name]) and room() then
        of[list] = of[list] or {}
        of[list][name] = at
    end
end

-- scopes ------------------------------------------------------------------------------------------

-- parameter_of: the function whose first parameter it is, or nil.
function gather.declare(name, parameter_of)
    local variable = { name = name, func = func, parameter_of = parameter_of, outer = bound[name] }
    actives[#actives + 1] = variable
    bound[name] = variable
end

function gather.is_local(name)
    return bound[name] ~= nil
end

-- A mark for close_scope: what is declared from now on ends there.
function gather.open_scope()
    return #actives
end

function gather.close_scope(from)
    for i = #actives, from + 1, -1 do
        local variable = actives[i]
        bound[variable.name] = variable.outer
        actives[i] = nil
    end
end

-- A function literal; slot: what it stands for (scan.lua).
function gather.open_function(first, slot)
    func = { around = func, first = first, slot = slot,
             inside = func.inside or func.slot == "callback" }
    return func
end

-- First and last line of a function as one key of facts.callbacks and facts.others.
function gather.lines(first, last)
    return first << 32 | last
end

-- What lies inside a callback is no callback of the tree itself.
function gather.close_function(last)
    local it = func
    it.last = last
    if not it.inside and room() then
        local list = it.slot == "callback" and facts.callbacks or facts.others
        local key = gather.lines(it.first, last)
        list[key] = (list[key] or 0) + 1
    end
    if it.reads or it.writes or it.outer then
        facts.functions[#facts.functions + 1] = it
    end
    func = it.around
end

-- names -------------------------------------------------------------------------------------------

local function read_global(name, field, at, tested, size)
    local known = words[name]
    local there = known ~= nil
        and not (field and type(known) == "table" and known[field] == nil)
    if not there and name ~= "_ENV" then
        note_global(facts.reads, { name = name, field = field, place = at, tested = tested,
                                   unused = size == (known == nil and 0 or 1) })
    end
end

-- A local is written: every function between here and the one that it belongs to is told.
local function write_local(variable, at)
    if variable.parameter_of then
        variable.parameter_of.rebound = true
    end
    local inner = func
    while inner and inner ~= variable.func do
        note_name(inner, "outer", variable.name, at)
        inner = inner.around
    end
end

-- A name is read, and size parts behind it; field: the first of them when it is a literal name.
-- tested: a global that is not there would do.
function gather.used(name, at, field, field_at, size, tested)
    local variable = bound[name]
    if not variable then
        read_global(name, field, at, tested, size)
    elseif field and variable.parameter_of then
        note_name(variable.parameter_of, "reads", field, field_at)
    end
end

-- A name is assigned to, or (size > 0) something size parts behind it. Fields of globals that are
-- not there, and of libraries, cannot be written either.
function gather.written(name, at, field, field_at, size)
    local variable = bound[name]
    local owner = variable and variable.parameter_of
    if size == 0 and variable then
        write_local(variable, at)
    elseif size == 0 then
        note_global(facts.writes, { name = name, place = at })
    elseif owner then
        note_name(owner, "writes", field or "?", field_at or at)
    elseif not variable and type(words[name]) == "table" and size == 1 then
        note_global(facts.writes, { name = name .. "." .. (field or "?"), place = at })
    elseif not variable then
        read_global(name, field, at)
    end
end

function gather.required(name, at)
    note(facts.requires, { name = name, place = at })
end

-- A code that ctx.fail is given.
function gather.raised(code, at)
    note(facts.raised, { code = code, place = at })
end

-- nodes -------------------------------------------------------------------------------------------

function gather.node(kind, at)
    local node = { kind = kind, place = at, options = {} }
    note(facts.nodes, node)
    return node
end

-- full: the keys that lead to the option, with dots.
function gather.option(node, full, at)
    if node.options[full] and not full:find(".", 1, true) then
        note(facts.twice, { node = node, name = full, place = at })
    end
    if room() then
        node.options[full] = at
    end
end

function gather.entry(node, position, at)
    if room() then
        node.entries = node.entries or {}
        node.entries[position] = at
    end
end

return gather
