-- expect: limit.instructions line 6
-- A when that never ends.
return flow "callback_when" {
    task "work" {
        when = function()
            while true do end
        end,
        run = function() return 1 end,
    },
}
