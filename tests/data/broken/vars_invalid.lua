return flow "vars_invalid" {
    vars = {
        limit = { default = 25, runtme = true },
        note = "x",
        ["two words"] = { default = 1 },
        flag = { exposed = "yes" },
    },
    task "load" (function(s, ctx) return ctx.vars.limit end),
}
