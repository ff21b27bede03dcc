-- expect: limit.memory at work | lua at work | evil at work | a.b at work
-- ctx.fail with a message of 8 MB.
return flow "fail_large" {
    task "work" (function(s, ctx)
        ctx.fail("a.b", ("x"):rep(8000000))
    end),
}
