-- expect: completed [10000,5000]
-- 10,000 ordinary pcalls, of which half fail.
return flow "pcall_many" {
    task "work" (function(s, ctx)
        local all, failed = 0, 0
        for i = 1, 10000 do
            all = all + 1
            if not pcall(function() if i % 2 == 0 then error("even") end end) then failed = failed + 1 end
        end
        return { all, failed }
    end),
}
