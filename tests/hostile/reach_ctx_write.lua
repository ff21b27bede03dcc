-- expect: lua at work
-- A function of ctx replaced.
return flow "reach_ctx_write" {
    task "work" (function(s, ctx)
        ctx.log = function() end
    end),
}
