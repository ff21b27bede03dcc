-- expect: completed "no gc"
-- A __gc that is added to a metatable afterwards does nothing.
return flow "memory_gc_later" {
    task "work" (function(s, ctx)
        local ran = false
        local meta = {}
        do
            local x = setmetatable({}, meta)
            meta.__gc = function() ran = true end
        end
        for _ = 1, 200 do local x = ("x"):rep(200000) end
        return ran and "gc" or "no gc"
    end),
}
