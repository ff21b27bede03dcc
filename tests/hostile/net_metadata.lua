-- expect: net.denied at work line 5 saying "metadata service, which no flow may reach"
-- The metadata service of the machine.
return flow "net_metadata" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://169.254.169.254/latest/meta-data/").body
    end),
}
