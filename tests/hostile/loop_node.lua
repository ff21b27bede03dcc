-- expect: limit.loop | limit.instructions
-- A loop node that never ends.
return flow "loop_node" {
    loop "l" { done = function() return false end, max = 1000, task "work" (function() return 1 end) },
}
