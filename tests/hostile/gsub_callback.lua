-- expect: limit.instructions at work line 5
-- A gsub callback that never ends.
return flow "gsub_callback" {
    task "work" (function(s, ctx)
        return (("a"):gsub("a", function() while true do end end))
    end),
}
