-- expect: limit.stall at work | limit.memory at work | limit.instructions at work | completed
-- A chain of ephemerons, quadratic for the collector.
return flow "ephemeron" {
    task "work" (function(s, ctx)
        local tables, key = {}, {}
        for i = 1, 40000 do
            local t = setmetatable({}, { __mode = "k" })
            local next_key = {}
            t[key] = next_key
            key = next_key
            tables[i] = t
        end
        for _ = 1, 100 do local x = string.rep("x", 500000) end
        return 1
    end),
}
