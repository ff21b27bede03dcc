-- expect: timeout at work
-- The same in coroutines.
return flow "timeout_coroutine" {
    task "work" {
        timeout = "5ms",
        run = function()
            while true do coroutine.wrap(function() while true do end end)() end
        end,
    },
}
