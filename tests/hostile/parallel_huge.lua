-- expect: limit.nodes line 5
-- Ten thousand branches.
local branches = {}
for i = 1, 10000 do branches[i] = task("t" .. i)(function() return 1 end) end
return flow "parallel_huge" { parallel "all" (branches) }
