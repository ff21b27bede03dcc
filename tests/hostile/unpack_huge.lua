-- expect: lua at work line 5 saying "too many results"
-- table.unpack of a million items.
return flow "unpack_huge" {
    task "work" (function(s, ctx)
        return select("#", table.unpack({}, 1, 1000000))
    end),
}
