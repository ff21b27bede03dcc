-- expect: lua at work | input.invalid at work | api.misuse at work
-- A header smuggled in by CR and LF.
return flow "net_crlf" {
    task "work" (function(s, ctx)
        return ctx.http.get("https://a.test/", { headers = { x = "1\r\nHost: evil" } }).body
    end),
}
