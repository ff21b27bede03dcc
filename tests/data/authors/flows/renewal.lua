-- renewal: tries to charge a subscription three times, and tells the customer in between.
return flow "renewal" {
    input = { subscription = "string" },
    loop "tries" {
        max = 3,
        done = function(s) return s.charge.paid == true end,
        catch = { on "limit.loop" { task "cancel" (function() return { paid = false } end) } },
        wait "pause" { delay = "250ms", when = function(s) return s.index > 1 end },
        task "charge" {
            catch = {
                on "http.402" {
                    task "remind" (function(s, ctx)
                        ctx.emit("flow_notification", { title = "Payment failed",
                                                        description = s.err.message, show_desktop = false })
                        return { paid = false }
                    end),
                },
            },
            run = function(s, ctx)
                ctx.http.post("https://pay.example.com/charges", {
                    json = { subscription = s.input.subscription, try = s.index },
                })
                return { paid = true }
            end,
        },
    },
    task "state" (function(s) return s.tries.paid and "active" or "cancelled" end),
}
