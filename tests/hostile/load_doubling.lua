-- expect: name.duplicate line 3 saying "two steps"
-- A tree of 2^40 steps, of which each level stands twice in the next.
local step = task "t" (function() return 1 end)
for i = 1, 40 do step = seq("s" .. i) { step, step } end
return flow "load_doubling" { step }
