-- expect: limit.instructions at work
-- Tail calls without end, which need no stack.
return flow "tail_calls" {
    task "work" (function(s, ctx)
        local function f() return f() end
        return f()
    end),
}
