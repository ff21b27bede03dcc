-- broken_card: fails on purpose, to show what a failed run looks like: code, step, line and data.
-- Payload: anything. The second step is never reached.
return flow "broken_card" {
    about = "fails with card.broken",

    task "charge" (function(_, ctx)
        ctx.log("charging the card")
        ctx.fail("card.broken", "the card cannot be read", { reader = 7 })
    end),

    task "thank" (function(_, ctx)
        ctx.log("thank you")
    end),
}
