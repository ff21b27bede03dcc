-- expect: lua at work | limit.memory at work
-- Recursion through __index functions.
return flow "deep_metamethod" {
    task "work" (function(s, ctx)
        local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
        return t[1]
    end),
}
