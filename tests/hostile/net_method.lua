-- expect: lua at work line 5 saying "ctx.http.request: method must be a word like GET"
-- A method with a line break.
return flow "net_method" {
    task "work" (function(s, ctx)
        return ctx.http.request("https://a.test/", { method = "GET / HTTP/1.1\r\n\r\n" }).body
    end),
}
