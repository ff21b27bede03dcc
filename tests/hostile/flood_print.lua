-- expect: limit.events at work line 6
-- print without end.
-- set: EXECUTOR_EVENTS_LIMIT=500
return flow "flood_print" {
    task "work" (function(s, ctx)
        while true do print("x") end
    end),
}
