-- expect: limit.memory at work line 7
-- A weak table that is filled with what is kept elsewhere.
return flow "memory_weak" {
    task "work" (function(s, ctx)
        local weak, kept = setmetatable({}, { __mode = "v" }), {}
        while true do
            kept[#kept + 1] = { ("x"):rep(1000) .. #kept }
            weak[#weak + 1] = kept[#kept]
        end
    end),
}
