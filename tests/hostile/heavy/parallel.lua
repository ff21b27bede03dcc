-- expect: completed 16
-- Sixteen branches that wait.
local branches = {}
for i = 1, 16 do
    branches[i] = seq("s" .. i) {
        wait("w" .. i)("50ms"),
        task("t" .. i)(function() return 1 end),
    }
end
return flow "parallel" {
    parallel "all" (branches),
    task "sum" (function(s)
        local sum = 0
        for i = 1, 16 do sum = sum + s.all["s" .. i] end
        return sum
    end),
}
