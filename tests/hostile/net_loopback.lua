-- expect: net.denied at work line 5 saying "is loopback (127.0.0.0/8)"
-- The API of this machine, spelled 127.0.0.1.
return flow "net_loopback" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://127.0.0.1:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
