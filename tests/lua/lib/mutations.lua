-- mutations: scan.lua reads whatever Lua compiles to its end, and raises on nothing.
-- Takes the prelude's folder and a list of Lua files: each as it is, cut, with a byte less or
-- another one instead; and texts made to nest, to be long, or to have too many facts.
local folder, files = ...

local loaded = {}
local function use(name)
    loaded[name] = loaded[name] or assert(loadfile(folder .. "/" .. name .. ".lua"))(nil, use)
    return loaded[name]
end
local scan = use "scan"

local PIECES = { "(", ")", "{", "}", "'", '"', "[[", "]]", "=", ",", "\\", "\n", "\r", "--", "1",
                 " x ", " end ", " function ", "::", "<", " s.x ", " return " }
local WORDS = { flow = true, task = true, when = true, otherwise = true }
local tried, compiled = 0, 0

local function try(text, what)
    local ok, problem = pcall(scan.read, text, {}, WORDS)
    if not ok then
        error(("%s: raised %s"):format(what, problem))
    end
    tried = tried + 1
    if load(text, "=text", "t", {}) then
        compiled = compiled + 1
        if problem.stopped then
            error(("%s: stopped before '%s'"):format(what, problem.token))
        end
    end
    return problem
end

math.randomseed(1)
for _, path in ipairs(files) do
    local file <close> = assert(io.open(path))
    local text = file:read("a")
    try(text, path)
    for _ = 1, 20 do
        local at, piece = math.random(#text), PIECES[math.random(#PIECES)]
        local head, tail = text:sub(1, at - 1), text:sub(at + 1)
        try(head, path .. " cut at " .. at)
        try(head .. tail, path .. " without byte " .. at)
        try(head .. piece .. tail, ("%s with '%s' at %d"):format(path, piece, at))
    end
end
assert(compiled > tried / 4, "few of the mutations are Lua: the test has lost its point")

-- Nested as deep as Lua takes it, and deeper than anybody's stack.
local NESTS = {
    { "return ", "(", "1", ")" }, { "return ", "{", "", "}" }, { "return ", "{a=", "1", "}" },
    { "return ", "task 'x' {", "", "}" }, { "return ", "task 'x' {a={", "", "}}" },
    { "return ", "function() return ", "1", " end" }, { "return ", "f(", "", ")" },
    { "return ", "f[", "1", "]" }, { "return ", "- ", "1", "" }, { "return ", "1 .. ", "1", "" },
    { "", "if x then ", "", " end" }, { "", "do ", "", " end" }, { "", "repeat ", "", " until x" },
    { "", "while x do ", "", " end" }, { "if x then ", "elseif x then ", "", " end" },
    { "return f", "{}", "", "" }, { "return f", ".x", "", "" },
}
for _, nest in ipairs(NESTS) do
    for _, depth in ipairs({ 10, 90, 150, 180, 190, 195, 198, 1000 }) do
        try(nest[1] .. nest[2]:rep(depth) .. nest[3] .. nest[4]:rep(depth),
            ("%s %d deep"):format(nest[2], depth))
    end
    scan.read(nest[1] .. nest[2]:rep(100000) .. nest[3] .. nest[4]:rep(100000), {}, WORDS)
end

-- A text of 1 MiB keeps a bounded number of facts.
for _, piece in ipairs({ "f=function(s) s.x=s.y end ", "x=y ", "task'x'{a=1} ", "io.open() ",
                         "--[[x]]", "f[==[x]==] ", "\n", "\r\n", 'f"\\z  a" ',
                         "do local a,b,c,d,e,f,g,h=1 end ", "require'x' " }) do
    local text = piece:rep(1048576 // #piece)
    collectgarbage()
    local before = collectgarbage("count")
    local facts = try(text, piece .. "many times")
    collectgarbage()
    local kept = collectgarbage("count") - before - #text // 1024
    assert(kept < 10000, ("%s keeps %.0f KB"):format(piece, kept))
    assert(facts)
end
