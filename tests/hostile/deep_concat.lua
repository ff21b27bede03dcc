-- expect: lua at work line 5 saying "C stack overflow"
-- Recursion through __concat.
return flow "deep_concat" {
    task "work" (function(s, ctx)
        local t = setmetatable({}, { __concat = function(a, b) return a .. b end })
        return t .. "x"
    end),
}
