-- Cases of ctx but for http. lib/judge.lua tells the fields.
local function task(body)
    return ("return flow \"a\" { task \"b\" (function(s, ctx)\n%s\nend) }"):format(body)
end

return {
    { name = "log levels are told unless info",
      flow = task [[ctx.log("a"); ctx.log("b", "warn"); ctx.log.info("c"); ctx.log.error("d")
        ctx.log.debug("e"); ctx.log.warn("f")]],
      expect = { events = { 'log {"message":"a"}', 'log {"level":"warn","message":"b"}',
                            'log {"message":"c"}', 'log {"level":"error","message":"d"}',
                            'log {"level":"debug","message":"e"}',
                            'log {"level":"warn","message":"f"}' } } },
    { name = "print is a log line of all its arguments",
      flow = task [[print("a", 1, nil, true)]],
      expect = { events = { [[log {"message":"a\t1\tnil\ttrue"}]] } } },
    { name = "a table is logged as JSON, a function without its address",
      flow = task [[ctx.log({ 1, 2 }); ctx.log(print)]],
      expect = { events = { 'log {"message":"[1,2]"}', 'log {"message":"function"}' } } },
    { name = "a log line of broken bytes is mended",
      flow = task [[ctx.log("a\xffb")]], expect = { events = { 'log {"message":"a\u{FFFD}b"}' } } },
    { name = "a log line over the limit is cut",
      event_limit = 64, flow = task [[ctx.log(("x"):rep(100))]],
      expect = { events = { 'log {"message":"xxxxxxxx"}' } } },
    { name = "an unknown log level is an error",
      flow = task [[ctx.log("a", "loud")]], expect = { code = "lua", line = 2 } },
    { name = "output, chunk and emit are events at once",
      flow = task [[ctx.output({ a = 1 }); ctx.chunk("c"); ctx.emit("toast", { message = "m" })
        ctx.emit("empty"); ctx.chunk(ctx.array {})]],
      expect = { events = { 'output {"a":1}', 'chunk "c"', 'toast {"message":"m"}', "empty null",
                            "chunk []" } } },
    { name = "a payload over the limit is limit.payload",
      event_limit = 64, flow = task [[ctx.chunk(("x"):rep(100))]],
      expect = { code = "limit.payload", line = 2, step = "b" } },
    { name = "a payload that cannot be JSON is an error at the author's line",
      flow = task [[ctx.emit("x", { f = print })]],
      expect = { code = "lua", line = 2, says = { "ctx.emit", "cannot be JSON" } } },
    { name = "an event's type is a string",
      flow = task [[ctx.emit(5)]], expect = { code = "lua", says = { "argument 1 (type)" } } },
    { name = "progress is passed on and is no event",
      flow = task [[ctx.progress(42.7, "half"); ctx.progress(50)]],
      expect = { events = {}, progress = { "0 b", "42 half", "50 ", "100 b" } } },
    { name = "progress is from 0 to 100",
      flow = task [[ctx.progress(101)]], expect = { code = "lua", line = 2 } },
    { name = "sleep waits",
      flow = task [[ctx.sleep("90s")]], expect = { waited = { 80000, 90000 } } },
    { name = "sleep takes a duration",
      flow = task [[ctx.sleep(5)]],
      expect = { code = "lua", line = 2,
                 says = { "ctx.sleep: argument 1 (duration) must be a duration" } } },
    { name = "json goes there and back",
      flow = task [[return ctx.json.decode(ctx.json.encode({ a = { 1.5, ctx.null } }))]],
      expect = { output = '{"a":[1.5,null]}' } },
    { name = "json.decode of what is none is an error",
      flow = task [[local v = ctx.json.decode("{"); return v]],
      expect = { code = "lua", line = 2, says = { "ctx.json.decode" } } },
    { name = "json.encode names the path of what cannot be",
      flow = task [[local v = ctx.json.encode({ a = { print } }); return v]],
      expect = { code = "lua", line = 2, says = { "ctx.json.encode", "a[1]" } } },
    { name = "the key is the run and the path",
      flow = task [[return ctx.key]], expect = { output = '"run1:b"' } },
    { name = "run tells about the run, read-only",
      flow = task [[local r = ctx.run; return { r.id, r.app, r.flow, r.version, r.user }]],
      expect = { output = '["run1","app1","board1","1.0.0","user1"]' } },
    { name = "the time left is seconds, the step's when nearer",
      flow = [[return flow "a" { task "b" { timeout = "1m", run = function(_, ctx)
        local left = ctx.deadline(); return left > 1 and left <= 60 end } }]],
      expect = { output = "true" } },
    { name = "now is Unix time in seconds",
      flow = task [[return ctx.now() > 1e9 and ctx.now() < 1e11]], expect = { output = "true" } },
    { name = "array and object mark empty tables",
      flow = task [[return { ctx.array {}, ctx.object {}, ctx.null }]],
      expect = { output = "[[],{},null]" } },
    { name = "ctx cannot be changed",
      flow = task [[ctx.key = 1]], expect = { code = "lua", line = 2 } },
    { name = "wrong arguments name the function, the argument and what was expected",
      flow = task [[local told = {}
        local function try(f, ...) local _, why = pcall(f, ...)
          told[#told + 1] = why:match("^flows/test.lua:%d+: (.*)$") or why end
        try(ctx.sleep, 5) try(ctx.progress, 101) try(ctx.progress, 1, {}) try(ctx.emit, "")
        try(ctx.fail, "broken") try(ctx.step, "a b", print) try(ctx.step, "a", 5)
        try(ctx.base64.encode, 5) try(ctx.hmac_sha256, "k", "d", "octal") try(ctx.time.parse, nil)
        try(ctx.random, 1.5) try(ctx.log, "x", "loud") try(ctx.array, "x")
        try(ctx.json.decode, {}) try(ctx.secret) try(ctx.http.get, {}) try(ctx.http.get, "x", 5)
        try(ctx.base64.encode, ctx.base64, "x")
        return told]],
      expect = { output = '["ctx.sleep: argument 1 (duration) must be a duration like \\"10s\\", '
        .. 'got a number","ctx.progress: argument 1 (percent) must be a number from 0 to 100, got '
        .. '101","ctx.progress: argument 2 (message) must be a string, got a table","ctx.emit: '
        .. 'argument 1 (type) must be text of 1 to 128 bytes without U+0000, got \\"\\"",'
        .. '"ctx.fail: argument 1 (code) must be a dotted word like \\"card.closed\\", got '
        .. '\\"broken\\"","ctx.step: argument 1 (name) must be an identifier, got \\"a b\\"",'
        .. '"ctx.step: argument 2 (f) must be a function, got a number","ctx.base64.encode: '
        .. 'argument 1 (text) must be a string or a secret, got a number","ctx.hmac_sha256: '
        .. 'argument 3 (form) must be \\"hex\\", \\"base64\\" or \\"raw\\", got \\"octal\\"",'
        .. '"ctx.time.parse: argument 1 (text) must be a string, got nothing","ctx.random: '
        .. 'argument 1 (m) must be a whole number, got 1.5","ctx.log: argument 2 (level) must be '
        .. '\\"debug\\", \\"info\\", \\"warn\\" or \\"error\\", got \\"loud\\"","ctx.array: '
        .. 'argument 1 (table) must be a table, got \\"x\\"","ctx.json.decode: argument 1 (text) '
        .. 'must be a string, got a table","ctx.secret: argument 1 (name) must be a string, got '
        .. 'nothing","ctx.http.get: argument 1 (url) must be a string or a secret, got a table",'
        .. '"ctx.http.get: argument 2 (options) must be a table of options, got a number",'
        .. '"ctx.base64.encode: call it with a dot, ctx.base64.encode(...), not with a colon"]' } },
    { name = "a name that ctx does not have is told with the nearest",
      flow = task [[ctx.slep("1s")]],
      expect = { code = "lua", line = 2, says = { "ctx.slep does not exist", '"sleep"' } } },
    { name = "fail wants a dotted code",
      flow = task [[ctx.fail("broken")]],
      expect = { code = "lua", line = 2, says = { "card.closed" } } },
    { name = "fail's data is JSON",
      flow = task [[ctx.fail("my.code", "m", print)]],
      expect = { code = "lua", line = 2, says = { "argument 3 (data)" } } },
    { name = "ctx works inside a script's own coroutine and pcall",
      flow = task [[local co = coroutine.wrap(function() ctx.sleep("1s"); return 7 end)
        local ok, v = pcall(co); return { ok, v }]],
      expect = { output = "[true,7]", waited = { 100, 1000 } } },
    { name = "sleep where nothing can wait is an error at the author's line",
      flow = task [[table.sort({ 3, 2, 1 }, function() ctx.sleep("1s") end)]],
      expect = { code = "lua", line = 2, says = { "cannot wait here" } } },
}
