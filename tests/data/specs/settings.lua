-- settings: gives back what a message brings beside its payload.
return flow "settings" {
    vars = {
        limit = { default = 25, runtime = true },
        note = { default = "none", exposed = true },
        fixed = { default = "as written" },
    },
    entries = { other = "second" },
    task "first" (function(_, ctx)
        return { limit = ctx.vars.limit, note = ctx.vars.note, fixed = ctx.vars.fixed }
    end),
    task "second" (function(s, ctx)
        return { first = s.first, run = ctx.run.id, attempt = ctx.attempt }
    end),
}
