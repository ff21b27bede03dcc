-- expect: limit.instructions at work | timeout at work
-- Requests without end, each refused and caught.
-- set: EXECUTOR_TIMEOUT_SECS=3
return flow "net_flood" {
    task "work" (function(s, ctx)
        while true do pcall(ctx.http.get, "http://127.0.0.1:1/") end
    end),
}
