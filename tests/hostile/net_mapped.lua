-- expect: net.denied at work line 5 saying "is IPv4-mapped"
-- The API of this machine, spelled [::ffff:127.0.0.1].
return flow "net_mapped" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://[::ffff:127.0.0.1]:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
