-- expect: limit.instructions line 6
-- A handler of an error that never ends.
return flow "callback_catch" {
    task "work" {
        catch = { on "*" { task "again" (function()
            while true do end
        end) } },
        run = function(_, ctx) ctx.fail("a.b") end,
    },
}
