-- expect: net.denied at work line 5 saying "is private (10.0.0.0/8)"
-- A private address.
return flow "net_private" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://10.0.0.1/").body
    end),
}
