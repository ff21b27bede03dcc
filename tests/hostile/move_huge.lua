-- expect: limit.stall at work line 5
-- table.move over 2^53 items.
return flow "move_huge" {
    task "work" (function(s, ctx)
        return table.move({}, 1, 1 << 53, 2)
    end),
}
