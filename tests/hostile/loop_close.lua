-- expect: limit.instructions at work line 6
-- A to-be-closed variable whose handler never ends.
return flow "loop_close" {
    task "work" (function(s, ctx)
        do
            local x <close> = setmetatable({}, { __close = function() while true do end end })
        end
    end),
}
