-- expect: limit.memory at work line 9
-- Coroutines with deep stacks.
return flow "memory_coroutine_stack" {
    task "work" (function(s, ctx)
        local t = {}
        local function deep(n) if n > 0 then return 1 + deep(n - 1) end return coroutine.yield() end
        while true do
            local thread = coroutine.create(deep)
            coroutine.resume(thread, 10000)
            t[#t + 1] = thread
        end
    end),
}
