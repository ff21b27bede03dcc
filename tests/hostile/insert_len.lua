-- expect: limit.stall at work line 5
-- table.insert into a table that says it has 2^40 items.
return flow "insert_len" {
    task "work" (function(s, ctx)
        table.insert(setmetatable({}, { __len = function() return 1 << 40 end }), 1, "x")
    end),
}
