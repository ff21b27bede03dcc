-- expect: timeout at work
-- A step over its time that swallows every error.
return flow "timeout_pcall" {
    task "work" {
        timeout = "5ms",
        run = function()
            while true do pcall(function() while true do end end) end
        end,
    },
}
