-- expect: limit.stall at work
-- A chain of ephemerons in random order, quadratic for the collector.
return flow "ephemeron" {
    task "work" (function(s, ctx)
        local weak, keys, count = setmetatable({}, { __mode = "k" }), {}, 100000
        for i = 1, count do keys[i] = {} end
        for i = count, 2, -1 do
            local j = math.random(i)
            keys[i], keys[j] = keys[j], keys[i]
        end
        local first = keys[1]
        for i = 1, count - 1 do weak[keys[i]] = keys[i + 1] end
        keys = nil
        for _ = 1, 100 do local _ = string.rep("x", 500000) end
        return first
    end),
}
