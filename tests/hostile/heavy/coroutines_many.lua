-- expect: completed 20000
-- 20,000 coroutines, one after another.
return flow "coroutines_many" {
    task "work" (function(s, ctx)
        local sum = 0
        for _ = 1, 20000 do
            local thread = coroutine.create(function() return 1 end)
            local _, one = coroutine.resume(thread)
            sum = sum + one
        end
        return sum
    end),
}
