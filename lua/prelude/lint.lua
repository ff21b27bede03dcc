-- lint: findings that a flow's text alone tells, or its text together with its tree: globals that
-- are not there or are written, libraries out of reach, locals and s written in a step, s.<name>
-- that no earlier step has, codes that ctx.fail refuses. Nothing is run; what may be right is never
-- an error.
local host, use = ...
local findings = use "findings"
local gather = use "gather"
local kinds = use "kinds"
local lexer = use "lexer"
local missing = use "missing"
local pattern = use "pattern"
local places = use "places"
local scan = use "scan"
local spelling = use "spelling"

-- requires: {name, where} of all texts that were read, in their order
local lint = { requires = {} }

local known = {} -- file -> facts

local function at(file, place)
    return { file = file, line = lexer.line(place), column = lexer.column(place) }
end

-- In the order of the text.
local function each_place(list)
    local names = {}
    for name in pairs(list or {}) do
        names[#names + 1] = name
    end
    table.sort(names, function(a, b)
        return list[a] < list[b] or list[a] == list[b] and a < b
    end)
    local i = 0
    return function()
        i = i + 1
        return names[i], list and list[names[i]]
    end
end

-- globals -----------------------------------------------------------------------------------------

local function tell_writes(facts, words)
    for _, write in ipairs(facts.writes) do
        local name, where = write.name, at(facts.file, write.place)
        if name:find(".", 1, true) then
            findings.error("global.write", ("'%s' cannot be changed by a flow"):format(name), where,
                           "libraries are everyone's; write a local function")
        else
            local exists = words[name] ~= nil
            findings.error("global.write", ("global '%s' cannot be %s by a flow"):format(
                           name, exists and "changed" or "created"), where,
                           exists and "choose another name" or ("write `local %s`"):format(name))
        end
    end
end

-- The severity of a read: what the author tests (x or y, if x then) is only warned of.
local function teller(read)
    return read.tested and findings.warning or findings.error
end

-- full: the name, or that of the library's field. A function that is only kept (local load = load),
-- as others' libraries do, is only warned of.
local function tell_library(read, where, full, hint, what)
    local tell = read.unused and findings.warning or teller(read)
    tell("library.missing", ("'%s' is %s"):format(full, what), where, hint)
end

local function tell_unknown(read, where, words)
    teller(read)("global.unknown", ("unknown global '%s'"):format(read.name), where, function()
        local near = spelling.nearest(read.name, words)
        return missing.words[read.name] or near and ('did you mean "%s"?'):format(near)
            or ("write `local %s = ...` above its first use"):format(read.name)
    end)
end

local function tell_read(facts, words, read)
    local where = at(facts.file, read.place)
    local full = read.field and read.name .. "." .. read.field or read.name
    local hint = missing[full] or missing[read.name]
    if words[read.name] ~= nil and not missing[full] then
        tell_library(read, where, full, spelling.hint(read.field, words[read.name]), "not there")
    elseif hint then
        tell_library(read, where, full, hint, "out of a flow's reach")
    else
        tell_unknown(read, where, words)
    end
end

local function tell_reads(facts, words)
    local written = {}
    for _, write in ipairs(facts.writes) do
        written[write.name] = true
    end
    for _, read in ipairs(facts.reads) do
        if not written[read.name] then
            tell_read(facts, words, read)
        end
    end
end

-- functions ---------------------------------------------------------------------------------------

-- What a function writes that outlives no attempt; tell: findings.error or warning.
local function tell_outer(facts, it, tell)
    for name, place in each_place(it.outer) do
        tell("local.write", ("'%s' is declared outside of the step: what is written to it is lost "
             .. "between attempts and on resume"):format(name), at(facts.file, place),
             "return it from the step, and read it as s.<step>")
    end
end

local function tell_state_writes(facts, it)
    for name, place in each_place(not it.rebound and it.writes) do
        findings.error("state.write", ("%s.%s is written, but %s is read-only"):format(
                       it.parameter, name, it.parameter), at(facts.file, place),
                       "return the value: it becomes s.<step>")
    end
end

local function tell_functions(facts)
    for _, it in ipairs(facts.functions) do
        if it.slot == "callback" then
            tell_outer(facts, it, findings.error)
            tell_state_writes(facts, it)
        elseif it.slot == "argument" and not it.inside then
            tell_outer(facts, it, findings.warning)
        end
    end
end

local function tell_twice(facts)
    for _, option in ipairs(facts.twice) do
        findings.warning("option.duplicate", ('%s "%s": %s is given twice'):format(
                         option.node.kind, option.node.name or "?", option.name),
                         at(facts.file, option.place), "the last one counts")
    end
end

local function tell_raised(facts)
    for _, it in ipairs(facts.raised) do
        if pattern.is_reserved(it.code) then
            findings.error("code.reserved",
                           ('ctx.fail: "%s" is told by the runtime alone'):format(it.code),
                           at(facts.file, it.place), "codes of your own are like card.closed")
        end
    end
end

-- Reads a text that compiles, before it runs. words: the globals that there are, name -> value.
-- The modules that it names are added to lint.requires.
function lint.source(text, name, words)
    local facts = scan.read(text, words, kinds)
    facts.file = name
    known[name] = facts
    places.add(name, facts)
    for _, module in ipairs(facts.requires) do
        table.insert(lint.requires, { name = module.name, where = at(name, module.place) })
    end
    tell_writes(facts, words)
    tell_reads(facts, words)
    tell_functions(facts)
    tell_twice(facts)
    tell_raised(facts)
end

-- the tree ----------------------------------------------------------------------------------------

-- The callbacks of the tree by where their functions stand: file -> lines -> {count, names}.
local function group(list)
    local files = {}
    for _, entry in ipairs(list) do
        local first, last, file = host.declared(entry.callback)
        if file and known[file] then
            local lines = gather.lines(first, last)
            files[file] = files[file] or {}
            local own = files[file][lines] or { functions = {}, names = {}, count = 0 }
            files[file][lines] = own
            own.names[#own.names + 1] = entry.names
            own.count = own.count + (own.functions[entry.callback] and 0 or 1)
            own.functions[entry.callback] = true
        end
    end
    return files
end

local function is_visible(own, name)
    for _, names in ipairs(own.names) do
        if names[name] then
            return true
        end
    end
    return false
end

local function all_names(own)
    local all = {}
    for _, names in ipairs(own.names) do
        for name in pairs(names) do
            all[name] = names[name] or nil
        end
    end
    return all
end

local function hint_of(facts, own, name)
    local line = places.line_of(facts.file, name)
    if line then
        return ('"%s" on line %d is no step before this one'):format(name, line)
    end
    return spelling.hint(name, all_names(own))
end

local function tell_state(facts, it, own)
    for name, place in each_place(not it.rebound and it.reads) do
        if not is_visible(own, name) then
            findings.error("state.unknown", ("%s.%s: no earlier step is called %s"):format(
                           it.parameter, name, name), at(facts.file, place), function()
                               return hint_of(facts, own, name)
                           end)
        end
    end
end

-- Lines are all that tells which function of the text a callback is. Where several share them, they
-- are judged only when all of them are callbacks, and then by what any of them sees.
local function tell_tree(facts, groups)
    for _, it in ipairs(facts.functions) do
        local lines = gather.lines(it.first, it.last)
        local own = groups[lines]
        local callbacks, others = facts.callbacks[lines] or 0, facts.others[lines] or 0
        local judged = own ~= nil and not it.inside
        if judged and others == 0 and own.count >= callbacks then
            tell_state(facts, it, own)
        elseif judged and others == 1 and callbacks == 0 then
            tell_state(facts, it, own)
            tell_outer(facts, it, findings.error)
            tell_state_writes(facts, it)
        end
    end
end

-- list: {callback, names} for each function of the tree, names what s has there (visible.lua).
function lint.tree(list)
    for file, groups in pairs(group(list)) do
        local facts = known[file]
        if not facts.partial then
            tell_tree(facts, groups)
        end
    end
end

return lint
