-- expect: limit.stall at work line 5
-- Thirty times a*, which is exponential.
return flow "pattern_nested" {
    task "work" (function(s, ctx)
        return (("a"):rep(40)):find(("a*"):rep(30) .. "b")
    end),
}
