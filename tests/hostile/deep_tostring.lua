-- expect: lua at work
-- Recursion through __tostring.
return flow "deep_tostring" {
    task "work" (function(s, ctx)
        local t = setmetatable({}, { __tostring = function(t) return tostring(t) end })
        return tostring(t)
    end),
}
