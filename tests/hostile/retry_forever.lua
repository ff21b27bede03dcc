-- expect: x.y at work line 5
-- A step that is tried again without pause.
-- set: EXECUTOR_TIMEOUT_SECS=3
return flow "retry_forever" {
    task "work" { retry = { attempts = 1000, delay = "1ms" }, run = function(s, ctx) ctx.fail("x.y", "no") end },
}
