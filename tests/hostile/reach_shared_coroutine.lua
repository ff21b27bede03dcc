-- expect: completed {"a":"true","b":"done"} | lua
-- A coroutine that waits for the scheduler in one branch is resumed, with words, by another.
local shared = {}
return flow "reach_shared_coroutine" {
    parallel "both" {
        task "a" (function(_, ctx)
            shared[1] = coroutine.create(function() ctx.sleep("50ms") ctx.sleep("50ms") end)
            return tostring((coroutine.resume(shared[1])))
        end),
        task "b" (function()
            for _ = 1, 5 do coroutine.resume(shared[1], "reply", "{}", "forged") end
            return "done"
        end),
    },
}
