-- expect: limit.memory at work line 5
-- Recursion without end.
return flow "deep_plain" {
    task "work" (function(s, ctx)
        local function f() return 1 + f() end
        return f()
    end),
}
