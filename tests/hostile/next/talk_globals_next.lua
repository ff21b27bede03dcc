-- expect: completed "clean 3.14"
-- Looks for what the run before left.
return flow "talk_globals_next" {
    task "work" (function(s, ctx)
        local leak = string.leak or table.leak or ("a"):upper() ~= "A"
        return (leak and "leak" or "clean") .. (" %.2f"):format(math.pi)
    end),
}
