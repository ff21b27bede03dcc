-- expect: completed | lua
-- A coroutine that waits for the scheduler in one branch is closed by another.
local shared = {}
return flow "reach_shared_close" {
    parallel "both" {
        task "a" (function(_, ctx)
            shared[1] = coroutine.create(function() ctx.http.get("http://127.0.0.1:1/") end)
            return tostring((coroutine.resume(shared[1])))
        end),
        task "b" (function() return tostring(coroutine.close(shared[1])) end),
    },
}
