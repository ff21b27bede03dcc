-- expect: limit.memory at work line 6
-- A string that doubles.
return flow "memory_doubling" {
    task "work" (function(s, ctx)
        local x = "x"
        while true do x = x .. x end
    end),
}
