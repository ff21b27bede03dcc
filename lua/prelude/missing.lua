-- missing: globals and library fields that other Lua programs have and flows have not: name -> what
-- to do instead. words: names that are habits of other languages.
-- Used for hints; whether a name is there is for globals.c and vocabulary.lua to say.
local missing = {
    io = "a flow has no files; ctx.log speaks, ctx.http fetches",
    os = "os.time, os.date, os.clock and os.difftime are there",
    debug = "errors carry their line; ctx.log tells the rest",
    package = 'require "name" takes flows/lib/name.lua',
    module = "a module is a file of flows/lib that returns a table",
    load = 'code lies in files; require "name" takes flows/lib/name.lua',
    loadstring = 'code lies in files; require "name" takes flows/lib/name.lua',
    loadfile = 'require "name" takes flows/lib/name.lua',
    dofile = 'require "name" takes flows/lib/name.lua',
    collectgarbage = "memory looks after itself, up to the run's limit",
    rawget = "index the table",
    rawset = "assign to the table",
    warn = "ctx.log.warn(message)",
    setfenv = "globals are the same for everyone; use locals",
    getfenv = "globals are the same for everyone; use locals",
    unpack = "table.unpack",
    bit32 = "Lua 5.4 has the operators & | ~ << >>",
    bit = "Lua 5.4 has the operators & | ~ << >>",
    jit = "this is Lua 5.4",
    _G = "globals are the same for everyone; use locals",
    ["os.getenv"] = "ctx.vars has the flow's variables, ctx.secret its secrets",
    ["os.execute"] = "a flow starts no programs; ctx.http reaches services",
    ["os.exit"] = "return from the step, or ctx.fail(code, message)",
    ["os.remove"] = "a flow has no files",
    ["os.rename"] = "a flow has no files",
    ["os.tmpname"] = "a flow has no files",
    ["os.setlocale"] = "texts are UTF-8; see utf8",
    ["string.dump"] = "functions stay where they are",
    ["table.getn"] = "#list",
    ["table.foreach"] = "for key, value in pairs(t) do ... end",
    ["math.pow"] = "x ^ y",
    ["math.mod"] = "x % y",
}

missing.words = {
    null = "Lua's is nil; the null of JSON is ctx.null",
    NULL = "Lua's is nil; the null of JSON is ctx.null",
    None = "Lua's is nil; the null of JSON is ctx.null",
    undefined = "Lua's is nil; the null of JSON is ctx.null",
    True = "true",
    False = "false",
    s = "write function(s, ctx): a step is given it",
    ctx = "write function(s, ctx): a step is given it",
    console = "ctx.log(message)",
    json = "ctx.json",
    http = "ctx.http",
    log = "ctx.log",
}

return missing
