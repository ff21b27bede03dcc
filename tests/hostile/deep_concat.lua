-- expect: lua at work
-- Recursion through __concat.
return flow "deep_concat" {
    task "work" (function(s, ctx)
        local t = setmetatable({}, { __concat = function(a, b) return a .. b end })
        return t .. "x"
    end),
}
