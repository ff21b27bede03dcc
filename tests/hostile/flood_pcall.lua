-- expect: limit.events at work line 7
-- Log lines without end, in pcalls.
-- set: EXECUTOR_EVENTS_LIMIT=500
return flow "flood_pcall" {
    task "work" (function(s, ctx)
        while true do
            pcall(ctx.log, "x") end
    end),
}
