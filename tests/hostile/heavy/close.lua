-- expect: completed 5000
-- Thousands of to-be-closed variables.
return flow "close" {
    task "work" (function(s, ctx)
        local closed = 0
        for _ = 1, 5000 do
            local x <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
        end
        return closed
    end),
}
