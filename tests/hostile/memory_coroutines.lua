-- expect: limit.instructions at work line 7
-- Coroutines that are kept.
return flow "memory_coroutines" {
    task "work" (function(s, ctx)
        local t = {}
        while true do
            t[#t + 1] = coroutine.create(function() end)
        end
    end),
}
