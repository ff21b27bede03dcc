-- expect: lua at work | limit.memory at work
-- table.unpack with a __len of 2^53.
return flow "unpack_len" {
    task "work" (function(s, ctx)
        return select("#", table.unpack(setmetatable({}, { __len = function() return 1 << 53 end })))
    end),
}
