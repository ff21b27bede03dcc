-- expect: lua at work line 5 saying "invalid conversion"
-- A width bomb in string.format.
return flow "memory_format" {
    task "work" (function(s, ctx)
        return #string.format("%999999999d", 1)
    end),
}
