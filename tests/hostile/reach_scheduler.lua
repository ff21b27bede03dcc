-- expect: completed "refused"
-- The thread of the scheduler, resumed and closed by its script.
return flow "reach_scheduler" {
    task "work" (function(s, ctx)
        local thread = coroutine.running()
        local resumed = coroutine.resume(thread)
        local closed = pcall(coroutine.close, thread)
        local wrapped = pcall(coroutine.wrap, thread)
        return (resumed or closed or wrapped) and "let" or "refused"
    end),
}
