-- expect: limit.instructions at work line 6
-- An endless loop in a coroutine in a coroutine.
return flow "loop_coroutine" {
    task "work" (function(s, ctx)
        coroutine.wrap(function()
            coroutine.wrap(function() while true do end end)()
        end)()
    end),
}
