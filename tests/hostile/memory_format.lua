-- expect: lua at work saying "invalid conversion"
-- A width bomb in string.format.
return flow "memory_format" {
    task "work" (function(s, ctx)
        return #string.format("%999999999d", 1)
    end),
}
