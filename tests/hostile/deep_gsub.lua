-- expect: lua at work line 5 saying "C stack overflow"
-- Recursion through gsub callbacks.
return flow "deep_gsub" {
    task "work" (function(s, ctx)
        local function f() return (("a"):gsub("a", f)) end
        return f()
    end),
}
