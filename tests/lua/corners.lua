-- Cases of corners that the other files do not turn. lib/judge.lua tells the fields.
local function task(body)
    return ("return flow \"a\" { task \"b\" (function(s, ctx)\n%s\nend) }"):format(body)
end

local function refused(name, body, says)
    return { name = name, flow = task(body .. " return 1"),
             expect = { code = "lua", line = 2, requests = {}, says = { says } } }
end

local function pattern(name, text, says)
    return { name = "a schema's pattern: " .. name,
             flow = ("return flow \"a\" { input_schema = { pattern = %q },\n"
                 .. "task \"b\" (function() return 1 end) }"):format(text),
             payload = '"x"', expect = says and { findings = { "error option.type 1" },
                                                  says = { says } } or { findings = {} } }
end

return {
    refused("a header's value is a string", [[ctx.http.get("https://a.test/", {
        headers = { a = {} } })]], "headers.a must be a string, got table"),
    refused("a query's value is plain", [[ctx.http.get("https://a.test/", {
        query = { a = print } })]], "query.a must be a string, number, boolean or a list"),
    refused("a query has names", [[ctx.http.get("https://a.test/", { query = { "a" } })]],
            "query must have names"),
    refused("a method is a word", [[ctx.http.request("https://a.test/", { method = "G T" })]],
            "method must be a word like GET"),
    refused("a timeout of nothing", [[ctx.http.get("https://a.test/", { timeout = "0s" })]],
            "timeout is zero"),
    refused("a URL holds no spaces", [[ctx.http.get("https://a.test/a b")]],
            "must not hold spaces"),
    refused("ctx and its parts cannot be changed",
            [[local c = ctx c.log = 1]], "ctx cannot be changed"),
    refused("nor what they consist of",
            [[local c = ctx.http c.get = 1]], "ctx.http cannot be changed"),
    { name = "headers of over 256 KiB are refused",
      flow = task [[ctx.http.get("https://a.test/", { headers = { a = ("x"):rep(300000) } })
        return 1]],
      expect = { code = "lua", says = { "url and headers over 262144 bytes" } } },
    { name = "a body of over 6 MiB is limit.payload",
      flow = task [[ctx.http.post("https://a.test/", { body = ("x"):rep(7 * 1024 * 1024) })
        return 1]],
      expect = { code = "limit.payload", requests = {} } },
    { name = "json.encode of nil is null, and random has the whole range",
      flow = task [[for _ = 1, 100 do
          local n = ctx.random(0, math.maxinteger) assert(n >= 0) end
        return ctx.json.encode(nil)]],
      expect = { output = '"null"' } },
    { name = "an interval that no integer measures is refused",
      flow = task [[local n = ctx.random(math.mininteger, math.maxinteger) return n]],
      expect = { code = "lua", says = { "ctx.random: the interval" } } },
    { name = "an object with a name for itself is logged by it",
      flow = task [[ctx.log(setmetatable({}, { __tostring = function() return "me" end }))]],
      expect = { events = { 'log {"message":"me"}' } } },
    { name = "a Retry-After that is nothing is no wish",
      flow = [[return flow "a" { task "b" { retry = { attempts = 2, delay = "0s" },
        run = function(_, ctx) return ctx.http.get("https://a.test/").status end } }]],
      replies = { { status = 503, headers = { ["retry-after"] = "soon" } }, {} },
      expect = { output = "200", waited = { 0, 0 } } },
    { name = "an error of input and of output is the step's",
      flow = [[return flow "a" { task "b" { input = function() return print end,
          catch = on "*" {}, run = function() end } }]],
      expect = { code = "result.invalid", step = "b", says = { "input of step" } } },
    { name = "an output that cannot be JSON",
      flow = [[return flow "a" { task "b" { output = function() return { print } end,
          run = function() return 1 end } }]],
      expect = { code = "result.invalid", says = { "output of step" } } },
    { name = "an error in output names its line",
      flow = "return flow \"a\" { task \"b\" { run = function() return 1 end,\n"
          .. "  output = function(_, r) return r.x.y end } }",
      expect = { code = "lua", step = "b", line = 2 } },
    { name = "two maps tell their errors side by side",
      flow = [[local function bad(name) return map(name) { over = function() return { 1 } end,
          tolerate = 1, task "t" (function(_, ctx) ctx.fail("x." .. name) end) } end
        return flow "a" { bad "m", bad "n",
          task "z" (function(s) return { s.errors.m[1].code, s.errors.n[1].code } end) }]],
      expect = { output = '["x.m","x.n"]' } },
    { name = "a failure ends siblings that stand between two steps, and maps inside of them",
      flow = [[return flow "a" { parallel "p" {
        seq "q" { map "m" { over = function() return { 1, 2, 3 } end, max = 1,
                            task "t" (function(_, ctx) ctx.log("t") ctx.sleep("1s") end) },
                  task "u" (function(_, ctx) ctx.log("never") end) },
        task "x" (function(_, ctx) ctx.sleep("1500ms") ctx.fail("x.bad") end) } }]],
      expect = { code = "x.bad", events = { 'log {"message":"t"}', 'log {"message":"t"}' } } },
    { name = "a step that was made is not changed",
      flow = "local t = task \"b\" (function() end)\nt.run = 1\nreturn flow \"a\" { t }",
      expect = { findings = { "error lua 2" } } },
    pattern("a class", "^[%w_-]+$"),
    pattern("captures, balance and frontier", "(a)(%b())%f[%w]()%1"),
    pattern("a single percent", "a%", "ends with a single %"),
    pattern("half a balance", "%bx", "%b needs two characters"),
    pattern("a frontier of nothing", "%fa", "%f needs a [set]"),
    pattern("a set without end", "[a", "[option.type]" and "["),
    pattern("a capture without beginning", "a)", "a ) has no ("),
    pattern("a capture without end", "(a", "("),
    pattern("a capture that is not there", "%2", "refers to no capture"),
    { name = "schemas that are malformed are told",
      flow = [[return flow "a" { input_schema = { type = "strng", pattern = 5, oneOf = 5,
          properties = { x = { type = {}, additionalProperties = 5 } } },
        task "b" (function() end) }]],
      expect = { says = { "input_schema" }, findings = { "error option.type 1",
                 "error option.type 1", "error option.type 1", "error option.type 2",
                 "error option.type 2" } } },
    { name = "a trace names the authors' lines, innermost first",
      files = { ["lib/m.lua"] = "local m = {}\nfunction m.f()\n  error(\"deep\")\nend\nreturn m" },
      flow = "local m = require \"m\"\nlocal function g()\n  m.f()\nend\n"
          .. "return flow \"a\" { task \"b\" (function()\n  g()\nend) }",
      expect = { code = "lua", message = "deep", file = "flows/lib/m.lua", line = 3,
                 trace = "flows/lib/m.lua:3\nflows/test.lua:3\nflows/test.lua:6" } },
}
