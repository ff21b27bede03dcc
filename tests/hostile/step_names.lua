-- expect: limit.instructions at work | limit.memory at work
-- Sub-steps with names of their own, without end.
return flow "step_names" {
    task "work" (function(s, ctx)
        local i = 0
        while true do
            i = i + 1
            ctx.step(("n"):rep(80) .. i, function() end)
        end
    end),
}
