-- expect: limit.stall at work | limit.memory at work | limit.instructions at work | completed
-- Integer keys that all fall into one bucket.
return flow "hash_flood" {
    task "work" (function(s, ctx)
        local t = {}
        for i = 1, 200000 do t[i * 2147483647 * 2] = i end
        return 1
    end),
}
