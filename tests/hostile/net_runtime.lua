-- expect: net.denied at work line 5 saying "127.0.0.1: port 9 there is the Runtime API, which no flow may reach"
-- The Runtime API.
return flow "net_runtime" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://127.0.0.1:9/2018-06-01/runtime/invocation/next").body
    end),
}
