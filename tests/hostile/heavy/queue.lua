-- expect: completed 0
-- table.insert and table.remove at the end, 100,000 times.
return flow "queue" {
    task "work" (function(s, ctx)
        local t = {}
        for i = 1, 100000 do table.insert(t, i) end
        for _ = 1, 100000 do table.remove(t) end
        return #t
    end),
}
