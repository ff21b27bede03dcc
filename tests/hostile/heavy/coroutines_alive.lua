-- expect: completed 1000
-- A thousand coroutines alive at once.
return flow "coroutines_alive" {
    task "work" (function(s, ctx)
        local threads, sum = {}, 0
        for i = 1, 1000 do
            threads[i] = coroutine.wrap(function() while true do coroutine.yield(1) end end)
        end
        for _, thread in ipairs(threads) do sum = sum + thread() end
        return sum
    end),
}
