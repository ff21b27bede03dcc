-- expect: completed 300
-- Many native calls of some milliseconds, with little Lua between.
return flow "native_calls" {
    task "work" (function(s, ctx)
        local text, count = ("ab"):rep(500000), 0
        for _ = 1, 300 do
            if text:reverse():upper():find("c", 1, true) == nil then count = count + 1 end
        end
        return count
    end),
}
