-- expect: lua at work | input.invalid at work | api.misuse at work
-- A file by URL.
return flow "net_scheme" {
    task "work" (function(s, ctx)
        return ctx.http.get("file:///etc/passwd").body
    end),
}
