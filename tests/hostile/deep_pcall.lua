-- expect: completed 1
-- Recursion through pcall.
return flow "deep_pcall" {
    task "work" (function(s, ctx)
        local function f() return pcall(f) end
        f()
        return 1
    end),
}
