-- expect: completed 1000
-- A thousand events.
return flow "events" {
    task "work" (function(s, ctx)
        for i = 1, 1000 do ctx.emit("tick", { n = i }) end
        return 1000
    end),
}
