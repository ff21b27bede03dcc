-- expect: lua at work | api.misuse at work
-- An event type of 1 MB.
return flow "event_type" {
    task "work" (function(s, ctx)
        ctx.emit(("x"):rep(1000000), 1)
    end),
}
