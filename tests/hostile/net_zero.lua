-- expect: net.denied at work line 5 saying "is this host"
-- The API of this machine, spelled 0.0.0.0.
return flow "net_zero" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://0.0.0.0:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
