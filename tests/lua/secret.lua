-- Cases of ctx.secret: a value that goes into requests and nowhere else. lib/judge.lua tells more.
local function task(body)
    return ("return flow \"a\" { task \"b\" (function(s, ctx)\n%s\nend) }"):format(body)
end

-- A use that is refused: what the message must say, at the author's line.
local function refused(use, ...)
    return { name = use, flow = task(use .. "\nreturn 1"),
             expect = { code = "lua", line = 2, says = { ... }, events = {}, requests = {} } }
end

-- The head of a request with x in a header.
local function header(expression, wire)
    return { name = expression,
             flow = task(('ctx.http.get("https://a.test/", { headers = { x = %s } })')
                         :format(expression)),
             replies = { {} },
             expect = { heads = { ('{"headers":{"x":%s},"method":"GET","timeout_ms":30000,'
                                   .. '"url":"https://a.test/"}'):format(wire) } } }
end

return {
    header([[ctx.secret "k"]], '{"secret":"k"}'),
    header([["Bearer " .. ctx.secret "k"]], '{"concat":["Bearer ",{"secret":"k"}]}'),
    header([[ctx.secret "k" .. "-" .. 5 .. ctx.secret "l"]],
           '{"concat":[{"secret":"k"},"-5",{"secret":"l"}]}'),
    header([["Basic " .. ctx.base64.encode("user:" .. ctx.secret "p")]],
           '{"concat":["Basic ",{"base64":{"concat":["user:",{"secret":"p"}]}}]}'),
    header([[ctx.hex.encode(ctx.secret "k")]], '{"hex":{"secret":"k"}}'),
    header([[ctx.url.encode(ctx.secret "k")]], '{"url":{"secret":"k"}}'),
    header([[ctx.hmac_sha256(ctx.secret "k", "text")]],
           '{"hmac_sha256":{"data":"text","form":"hex","key":{"secret":"k"}}}'),
    header([[ctx.hmac_sha256("key", ctx.secret "k", "base64")]],
           '{"hmac_sha256":{"data":{"secret":"k"},"form":"base64","key":"key"}}'),
    header([[ctx.hex.encode(ctx.hmac_sha256(ctx.secret "k", "t", "raw"))]],
           '{"hex":{"hmac_sha256":{"data":"t","form":"raw","key":{"secret":"k"}}}}'),

    { name = "a secret in the body goes with the head",
      flow = task [[ctx.http.post("https://a.test/", { body = "key=" .. ctx.secret "k" })]],
      replies = { {} },
      expect = { heads = { '{"body":{"concat":["key=",{"secret":"k"}]},"headers":{},'
                           .. '"method":"POST","timeout_ms":30000,"url":"https://a.test/"}' } } },
    { name = "a secret in the URL",
      flow = task [[ctx.http.get("https://a.test/bot" .. ctx.secret "k" .. "/send")]],
      replies = { {} },
      expect = { heads = { '{"headers":{},"method":"GET","timeout_ms":30000,"url":'
                           .. '{"concat":["https://a.test/bot",{"secret":"k"},"/send"]}}' } } },
    { name = "a URL that is a secret",
      flow = task [[ctx.http.post(ctx.secret "hook")]], replies = { {} },
      expect = { heads = { '{"headers":{},"method":"POST","timeout_ms":30000,'
                           .. '"url":{"secret":"hook"}}' } } },
    { name = "a secret in the query is escaped where it is put in",
      flow = task [[ctx.http.get("https://a.test/?x=1", { query = { key = ctx.secret "k" } })]],
      replies = { {} },
      expect = { heads = { '{"headers":{},"method":"GET","timeout_ms":30000,"url":{"concat":'
                           .. '["https://a.test/?x=1&key=",{"url":{"secret":"k"}}]}}' } } },
    { name = "an error of a request with a secret does not show the rest of its URL",
      flow = task [[ctx.http.get("https://a.test/bot" .. ctx.secret "k" .. "/send")]],
      replies = { { status = 401 } },
      expect = { code = "http.401", message = "GET https://a.test/bot answered 401" } },
    { name = "parts are joined on a stack that is new, too",
      flow = task [[local k = ctx.secret "k"
        local function deep(n)
          if n > 0 then local r = deep(n - 1); return r end
          local joined = "a" .. k .. "b"; return tostring(joined)
        end
        for n = 0, 12 do
          local got = n < 4 and coroutine.wrap(deep)(n) or deep(n)
          if got ~= "secret" then return { n, got } end
        end
        return "all"]], expect = { output = '"all"' } },
    { name = "tostring tells what it is", flow = task [[return tostring(ctx.secret "k")]],
      expect = { output = '"secret"' } },
    { name = "a secret is its own kind of value",
      flow = task [[local k = ctx.secret "k"; return { type(k), k == "k", k == k }]],
      expect = { output = '["userdata",false,true]' } },
    { name = "a secret cannot be a step's result",
      flow = task [[return { token = ctx.secret "k" }]],
      expect = { code = "result.invalid", says = { "token: a secret cannot be JSON" } } },

    refused([[ctx.json.encode({ ctx.secret "k" })]], "[1]: a secret cannot be JSON"),
    refused([[ctx.output(ctx.secret "k")]], "ctx.output", "a secret cannot be JSON"),
    refused([[ctx.emit("x", { a = ctx.secret "k" })]], "a: a secret cannot be JSON"),
    refused([[ctx.http.post("https://a.test/", { json = { k = ctx.secret "k" } })]],
            "ctx.http.post: json cannot be JSON: k: a secret cannot be JSON", "body = "),
    refused([[local x = #ctx.secret "k"]], "a secret has no length"),
    refused([[local x = ctx.secret("k").value]], "a secret has no fields"),
    refused([[ctx.secret("k").value = 1]], "a secret has no fields"),
    refused([[local x = ctx.secret "k" < "a"]], "a secret cannot be compared"),
    refused([[local x = ctx.secret "k" + 1]], "a secret is no number"),
    refused([[local x = ctx.secret "k" .. {}]], "not with a table"),
    refused([[local x = table.concat({ ctx.secret "k" })]], "invalid value"),
    refused([[ctx.sha256(ctx.secret "k")]],
            "ctx.sha256: argument 1 (text) must be a string, got a secret"),
    refused([[ctx.base64.decode(ctx.secret "k")]], "must be a string, got a secret"),
    refused([[ctx.sleep(ctx.secret "k")]], "got a secret"),
    refused([[ctx.http.request("https://a.test/", { method = ctx.secret "k" })]],
            "method must be a string, got a secret"),
    refused([[ctx.fail("a.b", "no " .. ctx.secret "k")]],
            "ctx.fail: argument 2 (message) must be a string, got a secret"),
    refused([[ctx.fail("a.b", "no", { ctx.secret "k" })]], "argument 3 (data) cannot be JSON"),
    refused([[local x = ""; for _ = 1, 65 do x = x .. ctx.secret "k" end]], "over 64 parts"),
    refused([[setmetatable(ctx.secret "k", {})]], "table expected"),
}
