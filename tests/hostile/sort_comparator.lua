-- expect: limit.instructions at work line 5
-- A sort comparator that never ends.
return flow "sort_comparator" {
    task "work" (function(s, ctx)
        table.sort({ 3, 2, 1 }, function() while true do end end)
    end),
}
