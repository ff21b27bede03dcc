-- expect: limit.stall at work line 5
-- table.remove from the front of a table that says it has 2^40 items.
return flow "remove_len" {
    task "work" (function(s, ctx)
        return table.remove(setmetatable({}, { __len = function() return 1 << 40 end }), 1)
    end),
}
