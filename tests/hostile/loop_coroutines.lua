-- expect: limit.instructions at work line 6
-- Coroutines without end, each too short for the hook to see.
return flow "loop_coroutines" {
    task "work" (function(s, ctx)
        while true do
            coroutine.wrap(function() end)()
        end
    end),
}
