-- expect: lua at work line 5 saying "pattern too complex"
-- A pattern that recurses once a byte.
return flow "deep_pattern" {
    task "work" (function(s, ctx)
        return (("a"):rep(300000)):match(("(a"):rep(10) .. (")"):rep(10) .. ("a?"):rep(300))
    end),
}
