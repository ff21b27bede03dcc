-- expect: net.denied at work
-- The Runtime API.
return flow "net_runtime" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://127.0.0.1:9/2018-06-01/runtime/invocation/next").body
    end),
}
