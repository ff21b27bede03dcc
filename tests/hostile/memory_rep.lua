-- expect: limit.memory at work line 5
-- string.rep of a gigabyte.
return flow "memory_rep" {
    task "work" (function(s, ctx)
        return #string.rep("x", 1 << 30)
    end),
}
