-- expect: limit.instructions at work line 6
-- A coroutine as an iterator that never ends.
return flow "loop_wrap_iterator" {
    task "work" (function(s, ctx)
        for _ in coroutine.wrap(function()
            while true do coroutine.yield(1) end
        end) do end
    end),
}
