-- expect: lua at work line 5 saying "C stack overflow"
-- Recursion through __tostring.
return flow "deep_tostring" {
    task "work" (function(s, ctx)
        local t = setmetatable({}, { __tostring = function(t) return tostring(t) end })
        return tostring(t)
    end),
}
