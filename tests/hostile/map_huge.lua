-- expect: limit.payload at m line 4
-- A map over a million items.
return flow "map_huge" {
    map "m" { over = function()
        local t = {}
        for i = 1, 1000000 do t[i] = i end
        return t
    end, task "work" (function(s) return s.item end) },
}
