-- expect: limit.instructions at work line 6
-- A __close that never ends while an error is on its way.
return flow "loop_close_on_error" {
    task "work" (function(s, ctx)
        pcall(function()
            local x <close> = setmetatable({}, { __close = function() while true do end end })
            error("go")
        end)
    end),
}
