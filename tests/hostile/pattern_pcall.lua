-- expect: limit.stall at work line 6
-- The same inside of a pcall inside of a coroutine.
return flow "pattern_pcall" {
    task "work" (function(s, ctx)
        return coroutine.wrap(function()
            return pcall(string.find, string.rep("a", 20000), ".-.-.-.-b")
        end)()
    end),
}
