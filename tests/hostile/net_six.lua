-- expect: net.denied at work line 5 saying "is loopback (::1)"
-- The API of this machine, spelled [::1].
return flow "net_six" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://[::1]:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
