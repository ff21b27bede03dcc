-- expect: limit.instructions at work line 5
-- table.concat over 2^31 items that __index invents.
return flow "concat_huge" {
    task "work" (function(s, ctx)
        return #table.concat(setmetatable({}, { __index = function() return "x" end }), ",", 1, 1 << 31)
    end),
}
