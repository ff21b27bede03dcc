-- expect: lua at work | input.invalid at work | api.misuse at work
-- A method with a line break.
return flow "net_method" {
    task "work" (function(s, ctx)
        return ctx.http.request("https://a.test/", { method = "GET / HTTP/1.1\r\n\r\n" }).body
    end),
}
