-- scan: a reader of Lua 5.4's grammar, for what a text says without running it; gather.lua keeps
-- what it meets: globals, functions, the places of steps and options.
-- It stops at the first token that does not fit; it never raises and nests only as deep as Lua.
local _, use = ...
local gather = use "gather"
local lexer = use "lexer"

local scan = {}

local DEPTH_MAX = 450   -- Lua itself stops at 200 levels, some of which are two here
local PATH_MAX = 200    -- of an option's place; what is deeper has its parent's

local BINARY, UNARY = {}, { ["-"] = true, ["not"] = true, ["#"] = true, ["~"] = true }
for word in ("+ - * / // % ^ & | ~ << >> .. == ~= < > <= >= and or"):gmatch("%S+") do
    BINARY[word] = true
end
-- Beside these a global may well be missing: the author asks whether it is there.
local TESTS = { ["and"] = true, ["or"] = true, ["not"] = true, ["=="] = true, ["~="] = true,
                ["then"] = true }
local CALLS = { ["("] = true, ["{"] = true, string = true }
local CONSTANTS = { ["nil"] = true, ["true"] = true, ["false"] = true, number = true, string = true,
                    ["..."] = true }
local BLOCK_ENDS = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true,
                     ["<end>"] = true }

-- One text is read at a time; this is where the reader is.
local read, before -- lexer.lua's
local token, value, place
local depth, facts
local kinds -- the words that begin a step or a clause

-- tokens ------------------------------------------------------------------------------------------

local function at_end()
    return "<end>", nil, place
end

-- The text is no Lua from here on: nothing more is read, so that every loop comes to its end.
local function stop()
    if not facts.stopped then
        facts.stopped, facts.token, facts.before = place, token, before()
    end
    read, token = at_end, "<end>"
end

local function advance()
    token, value, place = read()
end

local function accept(wanted)
    if token == wanted then
        token, value, place = read()
        return true
    end
    return false
end

local function expect(wanted)
    if token ~= wanted then
        stop()
    end
    token, value, place = read()
end

local function name_here()
    local name, at = value or "", place
    expect "name"
    return name, at
end

local function enter()
    depth = depth + 1
    if depth > DEPTH_MAX then
        stop()
    end
end

-- expressions -------------------------------------------------------------------------------------

-- slot: what a function literal is that stands here: "callback" of a node, "argument" of some other
-- call inside a node's body, or nil.
local expression, operand, constructor, body, block

-- The operands behind the first one.
local function more(slot)
    while BINARY[token] do
        local tested = TESTS[token]
        advance()
        operand(slot, tested)
    end
end

local function expressions(slot)
    repeat
        expression(slot)
    until not accept ","
end

-- The arguments of a call; the string that the first one is, and its place.
local function arguments(slot)
    if token == "string" then
        local literal, at = value, place
        advance()
        return literal, at
    elseif token == "{" then
        return constructor(slot)
    end
    expect "("
    local literal, at = value, place
    if token == "string" then
        advance()
        literal = (token == ")" or token == ",") and literal or nil
        more(slot)
    else
        literal = nil
        if token ~= ")" then
            expression(slot)
        end
    end
    if accept "," then
        expressions(slot)
    end
    expect ")"
    return literal, at
end

-- What stands in brackets: the string that is all of it, and its place.
local function index()
    expect "["
    local literal, at = token == "string" and value or nil, place
    local was = token
    if was == "string" then
        advance()
        literal = token == "]" and literal or nil
        more()
    else
        expression()
    end
    expect "]"
    return literal, at
end

-- One part behind a value: "index" or "call" (nil: there is none), the name in it and its place,
-- and the string that a call is given first.
local function suffix(slot)
    if token == "." then
        advance()
        return "index", name_here()
    elseif token == "[" then
        return "index", index()
    elseif token == ":" then
        advance()
        local name, at = name_here()
        arguments(slot and "argument")
        return "call", name, at
    elseif CALLS[token] then
        return "call", nil, nil, arguments(slot and "argument")
    end
end

-- One body of a node; a table's keys are its options.
local function node_body(node)
    if token == "{" then
        constructor("callback", node, "")
    elseif token == "(" then
        advance()
        if token == "{" then
            constructor("callback", node, "")
            more("callback")
        elseif token ~= ")" then
            expression("callback")
        end
        while accept "," do
            expression("callback")
        end
        expect ")"
    else
        advance()
    end
end

-- A call chain that begins with a word: its name, then its body; more is what nobody wants.
local function node_call(kind, at)
    local node = gather.node(kind, at)
    node.name = kind == "otherwise" and kind or nil
    if token ~= "{" then
        local in_parens = token == "("
        local first = in_parens and arguments("callback") or value
        node.name = first or node.name
        if not in_parens then
            advance()
        end
    end
    while CALLS[token] do
        node.again = node.body and node.again or node.body and place
        node.body = node.body or place
        node_body(node)
    end
end

-- What follows a name that was read, or (name is nil) a value in parentheses. In a statement it may
-- be what is assigned to. Returns its last part: "name", "value", "index" or "call".
local function suffixes(name, at, slot, tested, statement)
    local what, field, field_at, size = name and "name" or "value", nil, nil, 0
    if name and kinds[name] and CALLS[token] and not gather.is_local(name) then
        node_call(name, at)
        what, size = "call", 1
    end
    while true do
        local kind, part, part_at, literal, literal_at = suffix(slot)
        if not kind then
            break
        elseif size == 0 then
            field, field_at = part, part_at
            if literal and name == "require" and not gather.is_local(name) then
                gather.required(literal, literal_at)
            end
        elseif size == 1 and literal and name == "ctx" and field == "fail" then
            gather.raised(literal, literal_at)
        end
        what, size = kind, size + 1
    end
    if not name then
        return what
    elseif statement and (token == "=" or token == ",") then
        gather.written(name, at, field, field_at, size)
    else
        gather.used(name, at, field, field_at, size, tested or size == 0 and TESTS[token])
    end
    return what
end

local function suffixed(slot, tested, statement)
    if token == "name" then
        local name, at = value, place
        advance()
        return suffixes(name, at, slot, tested, statement)
    end
    expect "("
    expression()
    expect ")"
    return suffixes(nil, nil, slot, nil, statement)
end

function operand(slot, tested)
    while UNARY[token] do
        tested = token == "not"
        advance()
    end
    if token == "name" or token == "(" then
        suffixed(slot, tested)
    elseif CONSTANTS[token] then
        advance()
    elseif token == "function" then
        advance()
        body(slot, place)
    elseif token == "{" then
        constructor(slot)
    else
        stop()
    end
end

function expression(slot)
    enter()
    operand(slot)
    more(slot)
    depth = depth - 1
end

-- tables ------------------------------------------------------------------------------------------

-- Behind "key =". node: whose option it is, or nil; path: what stands before its key.
local function option(slot, node, path, key, at)
    if not node or not key then
        return expression(slot)
    end
    local full = path .. key
    gather.option(node, full, at)
    if token == "{" and #full < PATH_MAX then
        constructor(slot, node, full .. ".")
        more(slot)
    else
        expression(slot)
    end
end

-- Whether the entry has no key.
local function entry(slot, node, path)
    if token == "name" then
        local name, at = value, place
        advance()
        if accept "=" then
            option(slot, node, path, name, at)
            return false
        end
        suffixes(name, at, slot)
        more(slot)
        return true
    elseif token == "[" then
        local key, at = index()
        expect "="
        option(slot, node, path, key, at)
        return false
    end
    expression(slot)
    return true
end

-- A table; with node and path its keys are that node's options below the path.
function constructor(slot, node, path)
    local position = 0
    enter()
    expect "{"
    while token ~= "}" and token ~= "<end>" do
        local at, plain = place, not kinds[value]
        if entry(slot, node, path) then
            position = position + 1
            if path == "" and plain then
                gather.entry(node, position, at)
            end
        end
        if not (accept "," or accept ";") then
            break
        end
    end
    expect "}"
    depth = depth - 1
end

-- functions ---------------------------------------------------------------------------------------

-- it: the function that they are of.
local function parameters(it, is_method)
    if is_method then
        gather.declare("self")
    end
    expect "("
    local owner = not is_method and it or nil
    it.parameter = owner and token == "name" and value or nil
    while token == "name" do
        gather.declare(value, owner)
        owner = nil
        advance()
        if not accept "," then
            break
        end
    end
    accept "..."
    expect ")"
end

-- A function from its parameters to its end; at: the place that has its first line.
function body(slot, at, is_method)
    local from = gather.open_scope()
    parameters(gather.open_function(lexer.line(at), slot), is_method)
    block()
    gather.close_function(lexer.line(place))
    expect "end"
    gather.close_scope(from)
end

-- statements --------------------------------------------------------------------------------------

local function block_until(closing)
    local from = gather.open_scope()
    block()
    gather.close_scope(from)
    expect(closing)
end

local function assignment()
    local what = suffixed(nil, nil, true)
    if token ~= "=" and token ~= "," then
        return what == "call" or stop()
    end
    while what ~= "call" and what ~= "value" and accept "," do
        what = suffixed(nil, nil, true)
    end
    if what == "call" or what == "value" then
        stop()
    end
    expect "="
    expressions()
end

local function function_statement(at)
    local name, name_at = name_here()
    local field, field_at, size, is_method = nil, nil, 0, false
    while token == "." or token == ":" do
        is_method = token == ":"
        advance()
        local part, part_at = name_here()
        if size == 0 then
            field, field_at = part, part_at
        end
        size = size + 1
        if is_method then
            break
        end
    end
    gather.written(name, name_at, field, field_at, size)
    body(nil, at, is_method)
end

local function attribute()
    if accept "<" then
        name_here()
        expect ">"
    end
end

local function local_statement()
    if accept "function" then
        gather.declare((name_here()))
        return body(nil, place)
    end
    local names = {}
    repeat
        names[#names + 1] = name_here()
        attribute()
    until not accept ","
    if accept "=" then
        expressions()
    end
    for _, name in ipairs(names) do
        gather.declare(name)
    end
end

local function for_statement()
    local names = {}
    repeat
        names[#names + 1] = name_here()
    until not accept ","
    if token ~= "=" and token ~= "in" then
        stop()
    end
    advance()
    expressions()
    expect "do"
    local from = gather.open_scope()
    for _, name in ipairs(names) do
        gather.declare(name)
    end
    block()
    gather.close_scope(from)
    expect "end"
end

local function if_statement()
    repeat
        expression()
        expect "then"
        local from = gather.open_scope()
        block()
        gather.close_scope(from)
    until not accept "elseif"
    if accept "else" then
        local from = gather.open_scope()
        block()
        gather.close_scope(from)
    end
    expect "end"
end

-- What a statement's first word leads to; it has been read, at is its place.
local statements = {
    ["if"] = if_statement,
    ["for"] = for_statement,
    ["local"] = local_statement,
    ["function"] = function_statement,
    ["goto"] = name_here,
    ["break"] = function() end,
    [";"] = function() end,
    ["do"] = function() block_until "end" end,
    ["while"] = function()
        expression()
        expect "do"
        block_until "end"
    end,
    ["repeat"] = function()
        local from = gather.open_scope()
        block()
        expect "until"
        expression()
        gather.close_scope(from)
    end,
    ["::"] = function()
        name_here()
        expect "::"
    end,
}

local function return_statement()
    if not BLOCK_ENDS[token] and token ~= ";" then
        expressions()
    end
    accept ";"
end

function block()
    enter()
    while not BLOCK_ENDS[token] do
        if accept "return" then
            return_statement()
            break
        end
        local statement, at = statements[token], place
        if statement then
            advance()
            statement(at)
        else
            assignment()
        end
    end
    depth = depth - 1
end

-- the whole ---------------------------------------------------------------------------------------

-- known: the globals that there are: name -> value; a table's keys are all that a library has.
-- chain_words: a table whose keys begin steps and clauses. The facts, with places as in lexer.lua:
--   reads      {name, field, place, tested, unused} of globals, or fields of them, that are not
--              known; unused: it is neither called nor looked into there
--   writes     {name, place} of globals and of known tables' fields
--   functions  {first, last, slot, inside, parameter, rebound} with what each says: reads and
--              writes, field of its first parameter -> place (of closures too); outer: local of a
--              function around it that is written -> place
--   callbacks, others  how many functions outside of callbacks have these lines
--   nodes      {kind, name, place, body, again, options: path of keys -> place, entries}
--   twice      {node, name, place}: an option that is there already
--   requires   {name, place}
--   raised     {code, place}: what ctx.fail is given
--   partial    there was more than is kept
--   stopped, token, before  the first token that does not fit, and where the one before it ended
function scan.read(text, known, chain_words)
    local found = gather.begin(known)
    facts, kinds, depth = found, chain_words, 0
    read, before = lexer.open(text)
    advance()
    block()
    if token ~= "<end>" then
        stop()
    end
    gather.finish()
    facts, kinds, read, before = nil, nil, nil, nil
    return found
end

return scan
