-- expect: lua at work line 5 saying "cannot wait here"
-- A request inside of a sort comparator.
return flow "reach_ctx_in_sort" {
    task "work" (function(s, ctx)
        table.sort({ 2, 1 }, function() return ctx.sleep("1s") end)
    end),
}
