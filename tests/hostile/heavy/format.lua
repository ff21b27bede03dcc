-- expect: completed 100000
-- string.format a hundred thousand times.
return flow "format" {
    task "work" (function(s, ctx)
        local count = 0
        for i = 1, 100000 do
            if #("%05d %s %.2f"):format(i, "x", i / 3) > 0 then count = count + 1 end
        end
        return count
    end),
}
