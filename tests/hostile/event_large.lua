-- expect: limit.payload at work line 6 saying "EXECUTOR_EVENT_LIMIT_KB is 16"
-- An event over its limit.
-- set: EXECUTOR_EVENT_LIMIT_KB=16
return flow "event_large" {
    task "work" (function(s, ctx)
        ctx.emit("x", ("x"):rep(17000))
    end),
}
