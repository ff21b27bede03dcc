-- expect: completed 1
-- The same out of a coroutine of its own.
return flow "reach_yield_wrapped" {
    task "work" (function(s, ctx)
        local f = coroutine.wrap(function() return coroutine.yield("request", "{}", "") end)
        f()
        return 1
    end),
}
