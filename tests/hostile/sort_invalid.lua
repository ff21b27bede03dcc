-- expect: lua at work line 7 saying "invalid order function for sorting"
-- An order that contradicts itself over 1,000 items.
return flow "sort_invalid" {
    task "work" (function(s, ctx)
        local t = {}
        for i = 1, 1000 do t[i] = i end
        table.sort(t, function() return true end)
        return "sorted"
    end),
}
