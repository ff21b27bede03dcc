-- expect: completed 3
-- The third try succeeds.
return flow "retry" {
    task "work" { retry = { attempts = 5, delay = "1ms", on = "not.*" }, run = function(s, ctx)
        if ctx.attempt < 3 then ctx.fail("not.yet", "later") end
        return ctx.attempt
    end },
}
