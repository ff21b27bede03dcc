-- expect: limit.instructions at first/undo line 4
-- An undo that never ends.
return flow "undo_loop" {
    task "first" { run = function() return 1 end, undo = function() while true do end end },
    task "work" (function(s, ctx) ctx.fail("x.y", "go back") end),
}
