-- expect: limit.stall at work line 5
-- A pattern that backtracks for years.
return flow "pattern_find" {
    task "work" (function(s, ctx)
        return (string.rep("a", 20000)):find(".-.-.-.-b")
    end),
}
