-- expect: lua at work line 5 saying "attempt to yield from outside a coroutine"
-- A yield to the scheduler, with words of its own.
return flow "reach_yield" {
    task "work" (function(s, ctx)
        return coroutine.yield("request", "{}", "")
    end),
}
