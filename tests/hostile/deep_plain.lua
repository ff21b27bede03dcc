-- expect: lua at work saying "stack overflow" | limit.memory at work
-- Recursion without end.
return flow "deep_plain" {
    task "work" (function(s, ctx)
        local function f() return 1 + f() end
        return f()
    end),
}
