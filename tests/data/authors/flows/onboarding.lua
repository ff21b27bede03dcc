-- onboarding: a new customer gets an account, and side by side a mail and a first invoice.
return flow "onboarding" {
    about = "everything that a new customer needs",
    input = { email = "string", plan = "string?", referrer = "string?" },
    vars = { default_plan = { default = "free", runtime = true } },
    timeout = "5m",

    task "plan" (function(s, ctx)
        return s.input.plan or ctx.vars.default_plan
    end),
    task "account" {
        retry = 4,
        timeout = "15s",
        run = function(s, ctx)
            return ctx.http.post("https://accounts.example.com/v1/accounts", {
                headers = { ["Idempotency-Key"] = ctx.key },
                json = { email = s.input.email, plan = s.plan },
            }).json
        end,
        undo = function(s, ctx)
            ctx.http.delete("https://accounts.example.com/v1/accounts/" .. s.account.id)
        end,
    },
    parallel "first_steps" {
        task "welcome" (function(s, ctx)
            return ctx.http.post("https://mail.example.com/send", {
                json = { to = s.input.email, template = "welcome" },
            }).status
        end),
        task "invoice" {
            when = function(s) return s.plan ~= "free" end,
            run = function(s, ctx)
                return ctx.http.post("https://billing.example.com/invoices", {
                    json = { account = s.account.id },
                }).json.number
            end,
        },
    },
    task "done" (function(s)
        return { account = s.account.id, invoice = s.first_steps.invoice }
    end),
}
