-- expect: lua at work saying "ctx.fail"
-- The data of an error is a cycle.
return flow "fail_data" {
    task "work" (function(s, ctx)
        local cycle = {}
        cycle[1] = cycle
        ctx.fail("a.b", "m", cycle)
    end),
}
