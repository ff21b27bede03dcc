-- expect: net.denied at work line 5 saying "is loopback"
-- The API of this machine, spelled 0177.0.0.1.
return flow "net_octal" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://0177.0.0.1:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
