-- refund: a choice by amount, and a catch: a closed card becomes a voucher.
-- Payload: {"order": "A-17", "amount": 120, "card": "open"}; card "closed" takes the other way.
return flow "refund" {
    about = "decides on a refund and pays it to the card, or as a voucher",
    input = { order = "string", amount = "number", card = "string?" },
    timeout = "2m",

    choice "who_decides" {
        when("large", function(s) return s.input.amount > 500 end) {
            task "ask" (function(s, ctx)
                ctx.log("finance decides on order " .. s.input.order)
                return { by = "finance" }
            end),
        },
        otherwise {
            task "auto" (function() return { by = "policy" } end),
        },
    },

    task "pay" {
        run = function(s, ctx)
            if s.input.card == "closed" then
                ctx.fail("card.closed", "the card is no longer valid", { order = s.input.order })
            end
            return { paid = s.input.amount, by = s.who_decides.by, key = ctx.key }
        end,
        catch = {
            on "card.closed" {
                task "voucher" (function(s, ctx)
                    ctx.log.warn(s.err.message .. ", a voucher instead")
                    return { voucher = s.input.amount, by = s.who_decides.by }
                end),
            },
        },
    },
}
