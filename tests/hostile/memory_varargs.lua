-- expect: lua at work | limit.memory at work | timeout at work saying "Execution timeout"
-- Varargs that double.
-- set: EXECUTOR_TIMEOUT_SECS=3
return flow "memory_varargs" {
    task "work" (function(s, ctx)
        local function f(...) return f(..., ...) end
        local function grow(...) return grow(1, 2, 3, 4, ...) end
        return pcall(f, 1), grow()
    end),
}
