-- Each function of ctx that only computes, right and wrong. lib/judge.lua tells the fields.
local function task(body)
    return ("return flow \"a\" { task \"b\" (function(s, ctx)\n%s\nend) }"):format(body)
end

-- An expression and its result, as JSON.
local function gives(expression, output)
    return { name = expression, flow = task("return " .. expression),
             expect = { output = output } }
end

-- A call with wrong arguments: the whole message is expected, at the author's line.
local function wrong(call, message)
    return { name = call, flow = task("local v = " .. call .. "\nreturn v"),
             expect = { code = "lua", line = 2, message = message } }
end

return {
    gives([[ctx.json.encode({ b = { 1, 1.0 }, a = ctx.null })]],
          [["{\"a\":null,\"b\":[1,1.0]}"]]),
    gives([[ctx.json.encode(nil)]], '"null"'),
    gives([=[ctx.json.decode(" [1, {}, []] ")]=], "[1,{},[]]"),
    gives([[ctx.json.decode("null") == ctx.null]], "true"),
    wrong([[ctx.json.decode({})]],
          "ctx.json.decode: argument 1 (text) must be a string, got a table"),

    gives([[{ ctx.base64.encode(""), ctx.base64.encode("f"), ctx.base64.encode("fo"),
              ctx.base64.encode("foo"), ctx.base64.encode("\xff\xfe\0") }]],
          '["","Zg==","Zm8=","Zm9v","//4A"]'),
    gives([[{ ctx.base64.decode(""), ctx.base64.decode("Zg=="), ctx.base64.decode("Zm9v") }]],
          '["","f","foo"]'),
    gives([[#ctx.base64.decode(ctx.base64.encode(("\0\xff"):rep(1000)))]], "2000"),
    wrong([[ctx.base64.encode(5)]],
          "ctx.base64.encode: argument 1 (text) must be a string or a secret, got a number"),
    wrong([[ctx.base64.decode("a")]], "ctx.base64.decode: argument 1 (text) does not decode"),
    wrong([[ctx.base64.decode("Zg==Zg")]], "ctx.base64.decode: argument 1 (text) does not decode"),

    gives([[{ ctx.hex.encode("\0aZ\xff"), ctx.hex.encode("") }]], '["00615aff",""]'),
    gives([[{ ctx.hex.decode("00615AfF") == "\0aZ\xff", ctx.hex.decode("") }]], '[true,""]'),
    wrong([[ctx.hex.decode("0")]], "ctx.hex.decode: argument 1 (text) does not decode"),
    wrong([[ctx.hex.decode("zz")]], "ctx.hex.decode: argument 1 (text) does not decode"),
    wrong([[ctx.hex.encode()]],
          "ctx.hex.encode: argument 1 (text) must be a string or a secret, got nothing"),

    gives([[ctx.url.encode("a b/ü?&=~-._")]], '"a%20b%2F%C3%BC%3F%26%3D~-._"'),
    wrong([[ctx.url.encode({})]],
          "ctx.url.encode: argument 1 (text) must be a string or a secret, got a table"),

    -- FIPS 180-2; RFC 4231, case 2
    gives([[ctx.sha256("abc")]],
          '"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"'),
    gives([[ctx.sha256("")]],
          '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'),
    wrong([[ctx.sha256(1)]], "ctx.sha256: argument 1 (text) must be a string, got a number"),
    gives([[ctx.hmac_sha256("Jefe", "what do ya want for nothing?")]],
          '"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"'),
    gives([[ctx.hmac_sha256("Jefe", "what do ya want for nothing?", "base64")]],
          '"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="'),
    gives([[ctx.hex.encode(ctx.hmac_sha256("", "", "raw"))]],
          '"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"'),
    wrong([[ctx.hmac_sha256("key")]],
          "ctx.hmac_sha256: argument 2 (text) must be a string or a secret, got nothing"),
    wrong([[ctx.hmac_sha256("key", "text", "b64")]],
          'ctx.hmac_sha256: argument 3 (form) must be "hex", "base64" or "raw", got "b64"'),

    gives([[ctx.time.iso(0)]], '"1970-01-01T00:00:00.000Z"'),
    gives([[ctx.time.iso(1795647218.123)]], '"2026-11-25T22:53:38.123Z"'),
    gives([[ctx.time.iso(951782400)]], '"2000-02-29T00:00:00.000Z"'),
    gives([[ctx.time.iso(253402300799.999)]], '"9999-12-31T23:59:59.999Z"'),
    gives([[#ctx.time.iso()]], "24"),
    gives([[ctx.time.iso(-1)]], '"1969-12-31T23:59:59.000Z"'),
    wrong([[ctx.time.iso(1 / 0)]], "ctx.time.iso: argument 1 (time) must be a number of seconds, "
          .. "of the years 0 to 9999, got inf"),
    wrong([[ctx.time.iso("now")]], "ctx.time.iso: argument 1 (time) must be a number of seconds, "
          .. 'of the years 0 to 9999, got "now"'),
    gives([[ctx.time.parse("2026-11-25T22:53:38Z")]], "1795647218"),
    gives([[ctx.time.parse("2026-11-25t22:53:38.5z")]], "1795647218.5"),
    gives([[ctx.time.parse("2026-11-25 23:53:38.123456+01:00")]], "1795647218.123"),
    gives([[ctx.time.parse("2026-11-25T17:23:38-05:30")]], "1795647218"),
    gives([[ctx.time.parse("1969-12-31T23:59:59Z")]], "-1"),
    gives([[ctx.time.parse("2016-12-31T23:59:60Z")]], "1483228800"),
    gives([[ctx.time.parse(ctx.time.iso(1795647218.123))]], "1795647218.123"),
    wrong([[ctx.time.parse("25.11.2026")]],
          'ctx.time.parse: argument 1 (text) is not like "2026-11-25T22:53:38Z"'),
    wrong([[ctx.time.parse("2026-11-25T22:53:38")]],
          'ctx.time.parse: argument 1 (text) has no zone: Z, or one like "+01:00"'),
    wrong([[ctx.time.parse("2026-11-25T22:53:38+1")]],
          'ctx.time.parse: argument 1 (text) has a zone that is neither Z nor like "+01:00"'),
    wrong([[ctx.time.parse("2026-11-25T22:53:38.Z")]],
          'ctx.time.parse: argument 1 (text) is not like "2026-11-25T22:53:38Z"'),
    wrong([[ctx.time.parse("2025-02-29T00:00:00Z")]],
          "ctx.time.parse: argument 1 (text) has a day that there is not"),
    wrong([[ctx.time.parse("2025-13-01T00:00:00Z")]],
          "ctx.time.parse: argument 1 (text) has a day that there is not"),
    wrong([[ctx.time.parse("2025-01-01T24:00:00Z")]],
          "ctx.time.parse: argument 1 (text) has a time of day that there is not"),
    wrong([[ctx.time.parse(5)]],
          "ctx.time.parse: argument 1 (text) must be a string, got a number"),

    gives([[(ctx.uuid():gsub("%x", "x"))]], '"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"'),
    gives([[ctx.uuid():find("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$") == 1]], "true"),
    gives([[ctx.uuid() ~= ctx.uuid()]], "true"),
    { name = "random floats are below 1, and differ",
      flow = task [[local seen, count = {}, 0
        for _ = 1, 1000 do local x = ctx.random()
          if x < 0 or x >= 1 or math.type(x) ~= "float" then return x end
          count = count + (seen[x] and 0 or 1); seen[x] = true end
        return count]], expect = { output = "1000" } },
    { name = "random integers reach both ends, and no further",
      flow = task [[local least, most = 99, -99
        for _ = 1, 1000 do local x = ctx.random(-2, 3)
          least, most = math.min(least, x), math.max(most, x) end
        return { least, most, ctx.random(1), ctx.random(7, 7), math.type(ctx.random(5)) }]],
      expect = { output = '[-2,3,1,7,"integer"]' } },
    { name = "random of the widest intervals",
      flow = task [[for _ = 1, 100 do
          local x = ctx.random(1, math.maxinteger); if x < 1 then return x end
          x = ctx.random(math.mininteger, -1); if x > -1 then return x end
        end return "in"]], expect = { output = '"in"' } },
    wrong([[ctx.random(1.5)]], "ctx.random: argument 1 (m) must be a whole number, got 1.5"),
    wrong([[ctx.random(1, "6")]], 'ctx.random: argument 2 (n) must be a whole number, got "6"'),
    wrong([[ctx.random(nil, 6)]], "ctx.random: argument 1 (m) must be a whole number, got nothing"),
    wrong([[ctx.random(2, 1)]], "ctx.random: the interval is empty or too large"),
    wrong([[ctx.random(0)]], "ctx.random: the interval is empty or too large"),
    wrong([[ctx.random(math.mininteger, math.maxinteger)]],
          "ctx.random: the interval is empty or too large"),
}
