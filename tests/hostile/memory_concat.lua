-- expect: limit.memory at work line 7
-- table.concat of one large string many times.
return flow "memory_concat" {
    task "work" (function(s, ctx)
        local t, x = {}, ("x"):rep(1000000)
        for i = 1, 1000 do t[i] = x end
        return #table.concat(t)
    end),
}
