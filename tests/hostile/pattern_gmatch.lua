-- expect: limit.stall at work line 5
-- A gmatch whose every match backtracks.
return flow "pattern_gmatch" {
    task "work" (function(s, ctx)
        for _ in string.rep("a", 20000):gmatch(".-.-.-b") do end
    end),
}
