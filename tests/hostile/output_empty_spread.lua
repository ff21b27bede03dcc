-- expect: limit.payload at work | limit.stall at work
-- The same without a value at its end, nested as deep as may be.
return flow "output_empty_spread" {
    task "work" (function(s, ctx)
        local list = {}
        for _ = 1, 100 do list = { list, list } end
        return list
    end),
}
