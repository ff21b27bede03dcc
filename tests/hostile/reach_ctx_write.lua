-- expect: lua at work line 5 saying "ctx cannot be changed"
-- A function of ctx replaced.
return flow "reach_ctx_write" {
    task "work" (function(s, ctx)
        ctx.log = function() end
    end),
}
