-- expect: limit.instructions line 6
-- A list of items that is never made.
return flow "callback_over" {
    map "work" {
        over = function()
            while true do end
        end,
        task "t" (function() return 1 end),
    },
}
