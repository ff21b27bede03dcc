-- expect: lua at work line 5 saying "__gc"
-- A __gc that would bring its table back.
return flow "memory_gc" {
    task "work" (function(s, ctx)
        setmetatable({}, { __gc = function(t) return t end })
    end),
}
