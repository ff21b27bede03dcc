-- expect: limit.instructions at work line 6
-- A comparator that swallows every error in its loop.
return flow "sort_pcall" {
    task "work" (function(s, ctx)
        table.sort({ 3, 2, 1 }, function(a, b)
            while true do pcall(function() while true do end end) end
        end)
    end),
}
