-- expect: limit.loop at l line 4
-- A loop node that never ends.
return flow "loop_node" {
    loop "l" { done = function() return false end, max = 1000, task "work" (function() return 1 end) },
}
