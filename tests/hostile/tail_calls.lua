-- expect: limit.instructions at work line 5
-- Tail calls without end, which need no stack.
return flow "tail_calls" {
    task "work" (function(s, ctx)
        local function f() return f() end
        return f()
    end),
}
