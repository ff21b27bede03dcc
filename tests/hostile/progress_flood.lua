-- expect: limit.instructions at work line 5
-- Progress without end.
return flow "progress_flood" {
    task "work" (function(s, ctx)
        while true do ctx.progress(math.random(100), "step " .. math.random(1000000)) end
    end),
}
