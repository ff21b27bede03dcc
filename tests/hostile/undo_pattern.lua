-- expect: limit.stall line 6
-- An undo inside one native call.
return flow "undo_pattern" {
    task "first" {
        run = function() return 1 end,
        undo = function() return ("a"):rep(40):find(("a*"):rep(40) .. "b") end,
    },
    task "second" (function(_, ctx) ctx.fail("x.y") end),
}
