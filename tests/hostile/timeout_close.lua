-- expect: timeout at work
-- A step over its time whose to-be-closed variable never closes.
return flow "timeout_close" {
    task "work" {
        timeout = "5ms",
        run = function()
            local _ <close> = setmetatable({}, { __close = function() while true do end end })
            while true do end
        end,
    },
}
