-- expect: limit.instructions at work line 6
-- coroutine.close runs a handler that never ends.
return flow "loop_close_coroutine" {
    task "work" (function(s, ctx)
        local thread = coroutine.create(function()
            local x <close> = setmetatable({}, { __close = function() while true do end end })
            coroutine.yield()
        end)
        coroutine.resume(thread)
        coroutine.close(thread)
    end),
}
