-- expect: limit.instructions line 7
-- An output that never ends.
return flow "callback_output" {
    task "work" {
        run = function() return 1 end,
        output = function()
            while true do end
        end,
    },
}
