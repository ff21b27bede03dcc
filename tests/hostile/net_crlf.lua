-- expect: lua at work line 5 saying "ctx.http.get: headers.x must not hold line breaks"
-- A header smuggled in by CR and LF.
return flow "net_crlf" {
    task "work" (function(s, ctx)
        return ctx.http.get("https://a.test/", { headers = { x = "1\r\nHost: evil" } }).body
    end),
}
