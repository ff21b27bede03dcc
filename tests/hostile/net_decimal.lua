-- expect: net.denied at work line 5 saying "is loopback"
-- The API of this machine, spelled 2130706433.
return flow "net_decimal" {
    task "work" (function(s, ctx)
        return ctx.http.get("http://2130706433:" .. s.input.port .. "/r/x/execution/progress").status
    end),
}
