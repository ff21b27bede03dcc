return flow "code_reserved" {
    task "load" (function(s, ctx)
        if not s.input.big then
            ctx.fail("limit.memory", "this would look like the runtime's word")
        end
        local ok, err = pcall(function() ctx.fail("worker.killed") end)
        ctx.log(tostring(ok))
        return ctx.fail("limit.loop", tostring(err))
    end),
}
