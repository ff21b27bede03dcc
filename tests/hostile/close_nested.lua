-- expect: lua at work line 11 saying "nest too deeply"
-- Coroutines that close each other, each in the __close of the one before.
return flow "close_nested" {
    task "work" (function(s, ctx)
        local function nest()
            local thread = coroutine.create(function()
                local x <close> = setmetatable({}, { __close = function() nest() end })
                coroutine.yield()
            end)
            coroutine.resume(thread)
            assert(coroutine.close(thread))
        end
        nest()
    end),
}
