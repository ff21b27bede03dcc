-- expect: limit.payload at work | limit.stall at work
-- A result of 2^40 values made of forty tables.
return flow "output_spread" {
    task "work" (function(s, ctx)
        local list = { 1, 1 }
        for _ = 1, 40 do list = { list, list } end
        return list
    end),
}
