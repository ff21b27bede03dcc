-- expect: completed {"a":"a","b":"false false suspended"}
-- The strand of one branch in the hands of another: neither resumed nor closed.
local shared = {}
return flow "reach_strand_of_another" {
    parallel "both" {
        task "a" (function(_, ctx)
            shared[1] = coroutine.running()
            ctx.sleep("30ms")
            return "a"
        end),
        task "b" (function()
            local resumed = coroutine.resume(shared[1], "reply")
            local closed = pcall(coroutine.close, shared[1])
            return ("%s %s %s"):format(resumed, closed, coroutine.status(shared[1]))
        end),
    },
}
