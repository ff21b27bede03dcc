-- expect: timeout at work
-- The same in the handler of an xpcall.
return flow "timeout_handler" {
    task "work" {
        timeout = "5ms",
        run = function()
            while true do xpcall(error, function() while true do end end) end
        end,
    },
}
