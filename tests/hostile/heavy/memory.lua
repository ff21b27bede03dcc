-- expect: completed 40
-- Forty megabytes in use, well under the limit.
return flow "memory" {
    task "work" (function(s, ctx)
        local parts = {}
        for i = 1, 40 do parts[i] = ("x"):rep(1000000) .. i end
        return #parts
    end),
}
