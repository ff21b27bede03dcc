-- expect: completed 1000
-- A map over a thousand items.
return flow "map" {
    map "m" { max = 8, over = function()
        local t = {}
        for i = 1, 1000 do t[i] = i end
        return t
    end, task "one" (function(s) return s.item end) },
    task "count" (function(s) return #s.m end),
}
