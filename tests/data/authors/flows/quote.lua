-- quote: one line of an offer, with tax; called by offer.
local prices = require "lib.prices"

return flow "quote" {
    input = { sku = "string", cents = "integer", percent = "integer?" },
    task "line" (function(s)
        return { sku = s.input.sku, gross = prices.gross(s.input.cents, s.input.percent or 19) }
    end),
}
