-- expect: net.denied at work saying "metadata"
-- The metadata service, though the operator allows everything.
-- set: EXECUTOR_HTTP_ALLOW=0.0.0.0/0
return flow "net_allowed_metadata" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://169.254.169.254/latest/meta-data/").body
    end),
}
