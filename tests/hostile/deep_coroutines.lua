-- expect: lua at work | completed
-- Coroutines that resume coroutines.
return flow "deep_coroutines" {
    task "work" (function(s, ctx)
        local function f() return assert(coroutine.resume(coroutine.create(f))) end
        return f()
    end),
}
