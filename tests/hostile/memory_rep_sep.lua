-- expect: lua at work line 5 saying "resulting string too large"
-- string.rep with a separator of a megabyte.
return flow "memory_rep_sep" {
    task "work" (function(s, ctx)
        return #string.rep("", 1000000, ("x"):rep(1000000))
    end),
}
