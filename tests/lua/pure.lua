-- Cases of what ctx computes, and of secrets. lib/judge.lua tells the fields.
local function task(body)
    return ("return flow \"a\" { task \"b\" (function(s, ctx)\n%s\nend) }"):format(body)
end

return {
    { name = "base64 goes there and back",
      flow = task [[local b = ctx.base64
        return { b.encode(""), b.encode("f"), b.encode("fo"), b.encode("foo"), b.decode("Zm8="),
                 b.decode("Zm8"), #b.decode("AAEC/w=="), b.decode("-_8") == "\xfb\xff" }]],
      expect = { output = '["","Zg==","Zm8=","Zm9v","fo","fo",4,true]' } },
    { name = "base64.decode of what is none is an error",
      flow = task [[local v = ctx.base64.decode("Zg=!") return v]],
      expect = { code = "lua", line = 2, says = { "ctx.base64.decode: argument 1" } } },
    { name = "hex goes there and back",
      flow = task [[return { ctx.hex.encode("\0\xff a"), ctx.hex.decode("4a4B") }]],
      expect = { output = '["00ff2061","JK"]' } },
    { name = "hex.decode of what is none is an error",
      flow = task [[local v = ctx.hex.decode("abc") return v]],
      expect = { code = "lua", line = 2, says = { "ctx.hex.decode: argument 1" } } },
    { name = "sha256 is the standard's",
      flow = task [[return ctx.sha256("abc")]],
      expect = { output =
        '"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"' } },
    { name = "hmac_sha256 is the standard's, in three forms",
      flow = task [[local key, data = "Jefe", "what do ya want for nothing?"
        return { ctx.hmac_sha256(key, data), ctx.hmac_sha256(key, data, "base64"),
                 #ctx.hmac_sha256(key, data, "raw") }]],
      expect = { output =
        '["5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",'
        .. '"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",32]' } },
    { name = "url.encode escapes all but the unreserved",
      flow = task [[return ctx.url.encode("a b/ü~-._")]],
      expect = { output = '"a%20b%2F%C3%BC~-._"' } },
    { name = "time.iso and time.parse",
      flow = task [[local t = ctx.time
        return { t.iso(0), t.iso(1764111218.1235), t.parse("1970-01-01T00:00:00Z"),
                 t.parse("2026-11-25T22:53:38.250Z"), t.parse("2026-11-25T23:53:38+01:00"),
                 t.iso(t.parse("2024-02-29T12:00:00-05:30")), t.iso(-1) }]],
      expect = { output = '["1970-01-01T00:00:00.000Z","2025-11-25T22:53:38.124Z",0,'
                 .. '1795647218.25,1795647218,"2024-02-29T17:30:00.000Z",'
                 .. '"1969-12-31T23:59:59.000Z"]' } },
    { name = "time.iso is now without an argument",
      flow = task [[return #ctx.time.iso() == 24 and ctx.time.parse(ctx.time.iso()) > 1.7e9]],
      expect = { output = "true" } },
    { name = "times that are none are told",
      flow = task [[local told = {}
        for i, t in ipairs { "today", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z",
                             "2026-01-01T00:00:00", "2026-01-01T00:00:00+1:00" } do
          told[i] = not pcall(ctx.time.parse, t) end
        local _, why = pcall(ctx.time.parse, "2026-02-30T00:00:00Z")
        return { told, why }]],
      expect = { output = '[[true,true,true,true,true],"flows/test.lua:6: ctx.time.parse: '
                 .. 'argument 1 (text) has a day that there is not"]' } },
    { name = "uuids are of version 4 and differ",
      flow = task [[local a, b = ctx.uuid(), ctx.uuid()
        return { a ~= b, a:find("^%x+%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$") == 1, #a }]],
      expect = { output = "[true,true,36]" } },
    { name = "random stays where it is told to",
      flow = task [[for _ = 1, 1000 do
          local f, i, j = ctx.random(), ctx.random(6), ctx.random(-3, 3)
          assert(f >= 0 and f < 1 and i >= 1 and i <= 6 and j >= -3 and j <= 3)
          assert(math.type(i) == "integer" and math.type(f) == "float")
        end
        return ctx.random(5, 5)]],
      expect = { output = "5" } },
    { name = "an empty interval of random is told",
      flow = task [[local v = ctx.random(2, 1) return v]],
      expect = { code = "lua", line = 2, says = { "ctx.random" } } },
    { name = "user, profile and event are read-only, or nil",
      user = '{"sub":"u1","role":null}', event = '{"id":"e1","event_version":[1,0,0]}',
      flow = task [[return { ctx.user.sub, ctx.user.role == ctx.null, ctx.profile == nil,
        ctx.event.event_version[1], pcall(function() ctx.user.sub = 1 end) == false,
        ctx.run.app }]],
      expect = { output = '["u1",true,true,1,true,"app1"]' } },
    { name = "a name that ctx does not have is told with the nearest, down to its libraries",
      flow = task [[local _, a = pcall(function() return ctx.base64.encod("x") end)
        local _, b = pcall(function() return ctx.htp end)
        return { a, b }]],
      expect = { says = {}, output =
        '["flows/test.lua:2: ctx.base64.encod does not exist: did you mean \\"encode\\"?",'
        .. '"flows/test.lua:3: ctx.htp does not exist: did you mean \\"http\\"?"]' } },
    -- secrets
    { name = "a secret is sent as a reference, in a header",
      flow = task [[ctx.http.get("https://a.test/", { headers = {
        Authorization = "Bearer " .. ctx.secret "billing" } })]],
      replies = { {} },
      expect = { heads = { '{"headers":{"Authorization":{"concat":["Bearer ",{"secret":'
        .. '"billing"}]}},"method":"GET","timeout_ms":30000,"url":"https://a.test/"}' } } },
    { name = "a secret may be encoded and joined",
      flow = task [[local s = ctx.secret "k"
        ctx.http.get("https://a.test/", { headers = {
          a = "Basic " .. ctx.base64.encode("user:" .. s), b = ctx.hex.encode(s),
          c = ctx.hmac_sha256(s, "data"), d = s .. 1 .. s } })]],
      replies = { {} },
      expect = { heads = { '{"headers":{"a":{"concat":["Basic ",{"base64":{"concat":["user:",'
        .. '{"secret":"k"}]}}]},"b":{"hex":{"secret":"k"}},"c":{"hmac_sha256":{"data":"data",'
        .. '"form":"hex","key":{"secret":"k"}}},"d":{"concat":[{"secret":"k"},"1",'
        .. '{"secret":"k"}]}},"method":"GET","timeout_ms":30000,"url":"https://a.test/"}' } } },
    { name = "a secret in the URL, its query and the body",
      flow = task [[ctx.http.post("https://a.test/" .. ctx.url.encode(ctx.secret "p"),
        { query = { k = ctx.secret "q", l = 1 }, body = "x=" .. ctx.secret "b" })]],
      replies = { {} },
      expect = { heads = { '{"body":{"concat":["x=",{"secret":"b"}]},"headers":{},"method":'
        .. '"POST","timeout_ms":30000,"url":{"concat":["https://a.test/",{"url":{"secret":'
        .. '"p"}},"?k=",{"url":{"secret":"q"}},"&l=1"]}}' } } },
    { name = "a secret cannot be read",
      flow = task [[local s, told = ctx.secret "k", {}
        for i, f in ipairs { function() return #s end, function() return s.x end,
            function() s.x = 1 end, function() return s < s end, function() return s + 1 end,
            function() return s() end, function() return ctx.json.encode({ s }) end,
            function() return s .. {} end, function() ctx.chunk(s) end } do
          told[i] = pcall(f) end
        return { told, tostring(s), ("%s"):format(s), getmetatable(s), type(s) }]],
      expect = { output = '[[false,false,false,false,false,false,false,false,false],"secret",'
                 .. '"secret","secret","userdata"]' } },
    { name = "a secret is no result, and a log shows its kind",
      flow = task [[ctx.log(ctx.secret "k") return { a = { ctx.secret "k" } }]],
      expect = { code = "result.invalid", says = { "a[1]: a secret cannot be JSON" },
                 events = { 'log {"message":"secret"}' } } },
    { name = "a secret in json is refused with what works",
      flow = task [[ctx.http.post("https://a.test/", { json = { k = ctx.secret "k" } })]],
      expect = { code = "lua", requests = {},
                 says = { "it goes into url, headers or body" } } },
    { name = "a secret variable arrives as a reference",
      variables = '{"runtime":[{"id":"key","name":"key","secret":true}]}',
      flow = [[return flow "a" { vars = { key = { runtime = true, secret = true } },
        task "t" (function(_, ctx) ctx.http.get("https://a.test/", { headers = {
          k = ctx.vars.key } }) end) }]],
      replies = { {} },
      expect = { heads = { '{"headers":{"k":{"secret":"vars.key"}},"method":"GET",'
                 .. '"timeout_ms":30000,"url":"https://a.test/"}' } } },
    { name = "an expression of too many parts is refused",
      flow = task [[local s = ctx.secret "k" for _ = 1, 100 do s = s .. "x" .. s end return 1]],
      expect = { code = "lua", says = { "over 64 parts" } } },
}
