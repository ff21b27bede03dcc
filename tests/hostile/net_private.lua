-- expect: net.denied at work
-- A private address.
return flow "net_private" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://10.0.0.1/").body
    end),
}
