-- expect: a.b at work line 5 saying "xxxxxxxx"
-- ctx.fail with a message of 8 MB, which is cut.
return flow "fail_large" {
    task "work" (function(s, ctx)
        ctx.fail("a.b", ("x"):rep(8000000))
    end),
}
