-- expect: lua at work line 5 saying "resulting string too large"
-- string.rep whose size overflows.
return flow "memory_rep_overflow" {
    task "work" (function(s, ctx)
        return #string.rep("xx", math.maxinteger)
    end),
}
