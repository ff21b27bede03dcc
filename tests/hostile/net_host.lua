-- expect: input.invalid at work line 5 saying "http: the header Host cannot be set"
-- A Host header of its own.
return flow "net_host" {
    task "work" (function(s, ctx)
        return ctx.http.get("https://a.test/", { headers = { Host = "evil" } }).body
    end),
}
