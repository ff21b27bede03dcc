-- expect: net.denied at work line 5 saying "is loopback"
-- The API of this machine, spelled 127.1.
return flow "net_short" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://127.1:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
