-- refund: gives money back for an order; a large amount is approved by somebody else.
-- Payload: {"order": "A-1", "amount": 20}. "bank" is where the bank is, if not at BANK.
local BANK = "https://bank.example.com"

return flow "refund" {
    about = "gives money back for an order",
    input = { order = "string", amount = "number", bank = "string?" },
    timeout = "2m",

    choice "approval" {
        when("large", function(s) return s.input.amount > 500 end) {
            task "ask" (function(s, ctx)
                ctx.emit("toast", { message = "a refund for " .. s.input.order, level = "info" })
                return { by = "finance" }
            end),
        },
        otherwise {
            task "wave_through" (function() return { by = "policy" } end),
        },
    },

    task "pay" {
        about = "the key makes the bank pay once, however often it is asked",
        retry = { attempts = 3, delay = "1s", on = { "http.5xx", "net.*", "timeout" } },
        timeout = "10s",
        run = function(s, ctx)
            return ctx.http.post((s.input.bank or BANK) .. "/refunds", {
                json = { order = s.input.order, amount = s.input.amount, key = ctx.key },
            }).json
        end,
    },

    task "report" (function(s, ctx)
        ctx.log("refund " .. s.pay.id .. ", approved by " .. s.approval.by)
        return { refund = s.pay.id, approved_by = s.approval.by }
    end),
}
