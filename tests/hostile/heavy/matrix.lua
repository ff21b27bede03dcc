-- expect: completed 2500
-- Matrices of 100 by 100 multiplied.
return flow "matrix" {
    task "work" (function(s, ctx)
        local function make(n, f)
            local m = {}
            for i = 1, n do m[i] = {} for j = 1, n do m[i][j] = f(i, j) end end
            return m
        end
        local n = 100
        local a, b = make(n, function() return 0.5 end), make(n, function() return 0.5 end)
        local c = make(n, function() return 0 end)
        for i = 1, n do for j = 1, n do for k = 1, n do c[i][j] = c[i][j] + a[i][k] * b[k][j] end end end
        return math.tointeger(c[1][1] * 100)
    end),
}
