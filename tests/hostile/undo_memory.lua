-- expect: limit.memory at first/undo
-- An undo that eats memory.
return flow "undo_memory" {
    task "first" {
        run = function() return 1 end,
        undo = function()
            local t = {}
            while true do t[#t + 1] = ("x"):rep(1000) .. #t end
        end,
    },
    task "second" (function(_, ctx) ctx.fail("x.y") end),
}
