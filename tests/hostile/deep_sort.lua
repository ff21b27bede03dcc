-- expect: lua at work line 5 saying "C stack overflow"
-- Recursion through sort comparators.
return flow "deep_sort" {
    task "work" (function(s, ctx)
        local function f() table.sort({ 2, 1 }, f) end
        f()
    end),
}
