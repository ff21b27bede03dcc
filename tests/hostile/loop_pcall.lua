-- expect: limit.instructions at work line 6
-- An endless loop inside of pcalls that swallow every error.
return flow "loop_pcall" {
    task "work" (function(s, ctx)
        while true do
            pcall(function() while true do end end)
        end
    end),
}
