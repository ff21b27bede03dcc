-- expect: limit.memory at work line 6
-- A table that grows.
return flow "memory_table" {
    task "work" (function(s, ctx)
        local t = {}
        for i = 1, math.huge do t[i] = i end
    end),
}
