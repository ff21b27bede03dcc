-- expect: timeout at work
-- The same in a gsub callback.
return flow "timeout_gsub" {
    task "work" {
        timeout = "5ms",
        run = function()
            while true do pcall(string.gsub, "x", "x", function() while true do end end) end
        end,
    },
}
