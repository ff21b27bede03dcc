-- expect: limit.memory at work line 7
-- Closures that are kept.
return flow "memory_closures" {
    task "work" (function(s, ctx)
        local t = {}
        while true do
            local x = {} t[#t + 1] = function() return x end
        end
    end),
}
