-- expect: limit.instructions at work line 5
-- An endless loop.
return flow "loop_plain" {
    task "work" (function(s, ctx)
        while true do end
    end),
}
