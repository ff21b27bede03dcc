-- expect: lua at work line 5 saying "ctx.emit: argument 1 (type) must be text of 1 to 128 bytes without U+0"
-- An event type of 1 MB.
return flow "event_type" {
    task "work" (function(s, ctx)
        ctx.emit(("x"):rep(1000000), 1)
    end),
}
