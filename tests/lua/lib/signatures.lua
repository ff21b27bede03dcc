-- signatures: what is told of wrong arguments of the functions of lua/prelude/api.lua.
-- Takes the path of lua/prelude/; raises when something is not as it should be.
local folder = ...

local SECRET = {}
local host = { where = function() end,
               reveal = function(value) return rawequal(value, SECRET) and {} or nil end }
local loaded = {}
local function use(name)
    if loaded[name] == nil then
        loaded[name] = assert(loadfile(folder .. name .. ".lua"))(host, use)
    end
    return loaded[name]
end

local signature = use "signature"
local sealed = setmetatable({}, { __metatable = false })

-- Function, what it is told, arguments; false: nothing.
local CASES = {
    { "ctx.sleep", false, "10s" },
    { "ctx.sleep", 'ctx.sleep: argument 1 (duration) must be a duration like "10s", got a number',
      10 },
    { "ctx.sleep",
      'ctx.sleep: argument 1 (duration) must be a duration like "10s", got "10 secs"', "10 secs" },
    { "ctx.sleep", 'ctx.sleep: argument 1 (duration) must be a duration like "10s", got nothing' },
    { "ctx.sleep", "ctx.sleep: call it with a dot, ctx.sleep(...), not with a colon", sealed,
      "10s" },
    { "ctx.now", "ctx.now: call it with a dot, ctx.now(...), not with a colon", sealed },
    { "ctx.now", false },
    { "ctx.log", "ctx.log: call it with a dot, ctx.log(...), not with a colon", sealed, "x" },
    { "ctx.log", false, nil },
    { "ctx.log", false, {}, "warn" },
    { "ctx.log", 'ctx.log: argument 2 (level) must be "debug", "info", "warn" or "error", '
      .. 'got "loud"', "x", "loud" },
    { "ctx.progress", false, 100 },
    { "ctx.progress", "ctx.progress: argument 1 (percent) must be a number from 0 to 100, got 101",
      101 },
    { "ctx.progress", "ctx.progress: argument 1 (percent) must be a number from 0 to 100, "
      .. 'got "50"', "50" },
    { "ctx.progress", "ctx.progress: argument 2 (message) must be a string, got a table", 1, {} },
    { "ctx.fail", false, "card.closed" },
    { "ctx.fail", 'ctx.fail: argument 1 (code) must be a dotted word like "card.closed", '
      .. 'got "closed"', "closed" },
    { "ctx.step", "ctx.step: argument 2 (f) must be a function, got nothing", "turn" },
    { "ctx.emit", "ctx.emit: argument 1 (type) must be text of 1 to 128 bytes without U+0000, "
      .. "got a number", 5 },
    { "ctx.secret", "ctx.secret: argument 1 (name) must be a string, got a secret", SECRET },
    { "ctx.base64.encode", false, SECRET },
    { "ctx.base64.decode", "ctx.base64.decode: argument 1 (text) must be a string, got a secret",
      SECRET },
    { "ctx.sha256", false, "x", "whatever comes behind is let be" },
    { "ctx.hmac_sha256", "ctx.hmac_sha256: argument 1 (key) must be a string or a secret, "
      .. "got a number", 5, "x" },
    { "ctx.random", "ctx.random: argument 1 (m) must be a whole number, got 1.5", 1.5 },
    { "ctx.time.iso", 'ctx.time.iso: argument 1 (time) must be a number of seconds, of the '
      .. 'years 0 to 9999, got "now"', "now" },
    { "ctx.array", 'ctx.array: argument 1 (table) must be a table, got "x"', "x" },
    { "ctx.http.get", false, "https://a.example" },
    { "ctx.http.get", false, SECRET, { timeout = "5s", expect = { 200, "3xx" }, body = SECRET } },
    { "ctx.http.get", "ctx.http.get: argument 1 (url) must be a string or a secret, got nothing" },
    { "ctx.http.get", "ctx.http.get: argument 2 (options) must be a table of options, got a number",
      "https://a.example", 5 },
    { "ctx.http.post", 'ctx.http.post: unknown option "jsno": did you mean "json"?',
      "https://a.example", { jsno = 5 } },
    { "ctx.http.put", 'ctx.http.put: timeout must be a duration like "10s", got a number',
      "https://a.example", { timeout = 5 } },
    { "ctx.http.put", 'ctx.http.put: expect must be a status, a pattern like "2xx", or a list of '
      .. 'them, got "ok"', "https://a.example", { expect = "ok" } },
}

for _, case in ipairs(CASES) do
    local f = signature.checked(case[1], function(...) return "ran", select("#", ...) end)
    local count = select("#", table.unpack(case, 3))
    local ok, value, passed = pcall(f, table.unpack(case, 3))
    assert(ok == not case[2], ("%s: %s"):format(case[1], value))
    assert(ok and value == "ran" and passed == count or value == case[2],
           ("%s: expected %s, got %s"):format(case[1], case[2], value))
end

-- Every function of the table reads, and each of its arguments that is not "any" is checked.
local RIGHT = { any = 1, string = "x", number = 1, integer = 1, table = {}, ["function"] = print,
                text = "x", duration = "1s", percent = 1, level = "info", code = "a.b",
                identifier = "x", event_type = "x", digest_form = "hex", http_options = {},
                unix_time = 1 }
local wrong = coroutine.create(print)

for name, text in pairs(use("api").functions) do
    local arguments, result = signature.read(name)
    local parts, given = {}, {}
    for i, argument in ipairs(arguments) do
        parts[i] = ("%s%s: %s"):format(argument.name, argument.optional and "?" or "",
                                       argument.type)
        given[i] = wrong
        local ok, told = pcall(signature.checked(name, type), table.unpack(given, 1, i))
        local place = ("%s: argument %d (%s) must be "):format(name, i, argument.name)
        assert(argument.type == "any" or not ok and told:sub(1, #place) == place, text)
        given[i] = assert(RIGHT[argument.type], text)
    end
    assert(("(%s)%s"):format(table.concat(parts, ", "), result and ": " .. result or "") == text,
           text)
end
