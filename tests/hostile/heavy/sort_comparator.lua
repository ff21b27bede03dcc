-- expect: completed [100000,1]
-- Sorts 100,000 tables by a comparator of its own.
return flow "sort_comparator" {
    task "work" (function(s, ctx)
        local list = {}
        for i = 1, 100000 do list[i] = { key = i * 7919 % 100003 } end
        table.sort(list, function(a, b) return a.key > b.key end)
        for i = 2, #list do assert(list[i - 1].key >= list[i].key) end
        return { #list, list[#list].key < 5 and 1 or 0 }
    end),
}
