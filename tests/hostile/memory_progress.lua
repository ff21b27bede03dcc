-- expect: limit.instructions at work | completed
-- Progress messages of a megabyte, which are cut.
return flow "memory_progress" {
    task "work" (function(s, ctx)
        for i = 1, 20 do ctx.progress(i, ("x"):rep(1000000)) end
        return 1
    end),
}
