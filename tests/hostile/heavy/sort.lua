-- expect: completed [1,100000]
-- Sorts 100,000 items.
return flow "sort" {
    task "work" (function(s, ctx)
        local list = {}
        for i = 1, 100000 do list[i] = i * 7919 % 100003 end
        table.sort(list)
        for i = 2, #list do assert(list[i - 1] < list[i]) end
        return { list[1] < 5 and 1 or 0, #list }
    end),
}
