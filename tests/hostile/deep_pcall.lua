-- expect: completed | lua at work | limit.memory at work | limit.instructions at work
-- Recursion through pcall.
return flow "deep_pcall" {
    task "work" (function(s, ctx)
        local function f() return pcall(f) end
        f()
        return 1
    end),
}
