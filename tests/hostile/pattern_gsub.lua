-- expect: limit.stall at work line 5
-- A gsub that backtracks.
return flow "pattern_gsub" {
    task "work" (function(s, ctx)
        return (string.rep("a", 20000):gsub(".-.-.-b", ""))
    end),
}
