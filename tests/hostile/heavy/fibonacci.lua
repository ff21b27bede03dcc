-- expect: completed 832040
-- Fibonacci by recursion and with a memory.
return flow "fibonacci" {
    task "work" (function(s, ctx)
        local function slow(n) if n < 2 then return n end return slow(n - 1) + slow(n - 2) end
        local memory = setmetatable({ [0] = 0, [1] = 1 }, { __index = function(t, n)
            t[n] = t[n - 1] + t[n - 2]
            return t[n]
        end })
        assert(slow(24) == memory[24])
        return memory[30]
    end),
}
