-- expect: lua at work line 8 saying "'__index' chain too long; possible loop"
-- Tables whose __index are each other.
return flow "index_chain" {
    task "work" (function(s, ctx)
        local a, b = {}, {}
        setmetatable(a, { __index = b })
        setmetatable(b, { __index = a })
        return a.x
    end),
}
