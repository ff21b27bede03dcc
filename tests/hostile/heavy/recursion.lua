-- expect: completed 20000
-- Recursion 20,000 deep.
return flow "recursion" {
    task "work" (function(s, ctx)
        local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
        return depth(20000)
    end),
}
