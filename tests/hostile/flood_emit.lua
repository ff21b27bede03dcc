-- expect: limit.events at work line 6
-- Events without end.
-- set: EXECUTOR_EVENTS_LIMIT=500
return flow "flood_emit" {
    task "work" (function(s, ctx)
        while true do ctx.emit("x", 1) end
    end),
}
