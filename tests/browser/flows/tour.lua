-- tour: everything that a timeline shows. More than nine days fail at the end.
return flow "tour" {
    about = "retries, branches side by side, a map, a skipped step, one caught",
    input = {
        city = "string",
        days = "integer",
        vip = "boolean?",
        tags = { "string" },
        hotel = { name = "string", stars = "integer?" },
    },

    task "load" {
        retry = { attempts = 3, delay = "150ms", jitter = false, on = { "tour.flaky" } },
        run = function(s, ctx)
            ctx.log("loading " .. s.input.city)
            ctx.sleep("40ms")
            if ctx.attempt < 3 then
                ctx.fail("tour.flaky", "the first two tries fail")
            end
            return { n = 3 }
        end,
    },

    task "upgrade" {
        when = function(s) return s.input.vip == true end,
        run = function() return 1 end,
    },

    parallel "book" {
        task "flight" (function(_, ctx)
            ctx.sleep("220ms")
            ctx.chunk("flight booked")
            return 1
        end),
        seq "hotel" {
            task "find" (function(_, ctx) ctx.sleep("90ms") return 1 end),
            task "reserve" (function(_, ctx) ctx.sleep("60ms") return 2 end),
        },
        task "car" {
            run = function(_, ctx)
                ctx.sleep("70ms")
                ctx.fail("car.none", "no car is left")
            end,
            catch = {
                on "car.none" {
                    task "bus" (function(_, ctx) ctx.sleep("50ms") return "bus" end),
                },
            },
        },
    },

    map "send" {
        over = function(s) return s.input.tags end,
        max = 2,
        task "draft" (function(s, ctx) ctx.sleep("30ms") return s.item end),
        task "mail" (function(s, ctx)
            ctx.sleep("20ms")
            ctx.progress(s.index * 20, "mail to " .. s.item)
            return s.item
        end),
    },

    wait "settle" "100ms",

    task "report" (function(s, ctx)
        if s.input.days > 9 then
            ctx.fail("tour.too_long", "a tour of " .. s.input.days .. " days: <b>9</b> at most",
                     { days = s.input.days })
        end
        return { sent = #s.send }
    end),
}
