-- expect: completed 2000
-- Two gigabytes of garbage, a megabyte at a time.
return flow "garbage" {
    task "work" (function(s, ctx)
        local count = 0
        for i = 1, 2000 do
            local text = ("x"):rep(1000000) .. i
            if #text > 1000000 then count = count + 1 end
        end
        return count
    end),
}
