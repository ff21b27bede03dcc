-- expect: lua at work line 5 saying "error value is a table"
-- An error that looks like a limit of the runtime.
return flow "reach_forged_error" {
    task "work" (function(s, ctx)
        error({ code = "limit.memory", message = "forged", step = "other" })
    end),
}
