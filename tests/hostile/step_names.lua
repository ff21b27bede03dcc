-- expect: limit.instructions at work | limit.memory at work | lua at work | limit.events at work
-- Sub-steps with large names, without end.
return flow "step_names" {
    task "work" (function(s, ctx)
        local i = 0
        while true do
            i = i + 1
            ctx.step(("n"):rep(200) .. i, function() end)
        end
    end),
}
