-- expect: lua at work | input.invalid at work | api.misuse at work
-- A Host header of its own.
return flow "net_host" {
    task "work" (function(s, ctx)
        return ctx.http.get("https://a.test/", { headers = { Host = "evil" } }).body
    end),
}
