-- expect: lua at work line 5 saying "too many results to unpack"
-- table.unpack with a __len of 2^53.
return flow "unpack_len" {
    task "work" (function(s, ctx)
        return select("#", table.unpack(setmetatable({}, { __len = function() return 1 << 53 end })))
    end),
}
