-- expect: limit.stall at work
-- A rehash of 131,072 integer keys that all fall into one bucket: one VM instruction.
return flow "hash_flood" {
    task "work" (function(s, ctx)
        local t = {}
        for i = 1, 140000 do t[i * 262143] = i end
        return #t
    end),
}
