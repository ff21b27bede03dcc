-- expect: lua at work
-- A yield to the scheduler, with words of its own.
return flow "reach_yield" {
    task "work" (function(s, ctx)
        return coroutine.yield("request", "{}", "")
    end),
}
