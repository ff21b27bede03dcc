-- expect: net.denied at work line 5 saying "is loopback"
-- The API of this machine, spelled 0x7f000001.
return flow "net_hex" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://0x7f000001:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
