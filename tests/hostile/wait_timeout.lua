-- expect: timeout at work line 5 saying "Execution timeout"
-- A sleep that is longer than the run may take.
-- set: EXECUTOR_TIMEOUT_SECS=2
return flow "wait_timeout" {
    task "work" (function(s, ctx)
        while true do ctx.sleep("500ms") end
    end),
}
