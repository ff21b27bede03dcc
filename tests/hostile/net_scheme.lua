-- expect: lua at work line 5 saying "must begin with http:// or https://"
-- A file by URL.
return flow "net_scheme" {
    task "work" (function(s, ctx)
        return ctx.http.get("file:///etc/passwd").body
    end),
}
