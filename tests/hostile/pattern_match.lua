-- expect: limit.stall at work line 5
-- A match that backtracks over a balance.
return flow "pattern_match" {
    task "work" (function(s, ctx)
        return string.rep("(", 20000):match("%b()%b()") or string.rep("a", 20000):match(".-.-.-b")
    end),
}
