-- expect: limit.memory at work line 7
-- A table that grows, out of memory caught and tried again.
return flow "memory_pcall" {
    task "work" (function(s, ctx)
        local t = {}
        while true do
            pcall(function() for i = 1, 1e9 do t[#t + 1] = ("x"):rep(1000) .. i end end)
        end
    end),
}
