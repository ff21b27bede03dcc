-- expect: lua at work line 5 saying "C stack overflow"
-- Recursion through __index functions.
return flow "deep_metamethod" {
    task "work" (function(s, ctx)
        local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
        return t[1]
    end),
}
