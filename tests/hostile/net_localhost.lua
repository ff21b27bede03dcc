-- expect: net.denied at work line 5 saying "is loopback"
-- The API of this machine, spelled localhost.
return flow "net_localhost" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://localhost:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
