-- expect: lua at work
-- Recursion through gsub callbacks.
return flow "deep_gsub" {
    task "work" (function(s, ctx)
        local function f() return (("a"):gsub("a", f)) end
        return f()
    end),
}
