return flow "refund" {
  input = { order = "string", amount = "number" },
  task "load" (function(s, ctx) return ctx.http.get("https://shop.example.com/orders/" .. s.input.order).json end),
  choice "who_decides" {
    when("large", function(s) return s.input.amount > 500 end) { task "ask" (function(s, ctx) return { by = "finance" } end) },
    otherwise { task "auto" (function() return { by = "policy" } end) },
  },
  task "pay" {
    catch = { on "card.closed" { task "voucher" (function(s) return { voucher = s.input.amount } end) } },
    run = function(s, ctx)
      if s.load.card == "closed" then ctx.fail("card.closed", "the card is no longer valid") end
      return ctx.http.post("https://pay.example.com/refunds", { json = { order = s.input.order, by = s.who_decides.by, key = ctx.key } }).json
    end,
  },
}
