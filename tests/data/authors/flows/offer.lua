-- offer: every line quoted by another flow, and their sum.
return flow "offer" {
    input = { lines = { { sku = "string", cents = "integer" } } },
    entries = { ["board-start"] = "quotes" },
    map "quotes" {
        over = function(s) return s.input.lines end,
        call "quote" { flow = "quote", input = function(s) return s.item end },
    },
    task "sum" {
        input = function(s) return s.quotes end,
        run = function(s)
            local sum = 0
            for _, quote in ipairs(s.input) do
                sum = sum + quote.gross
            end
            return sum
        end,
        output = function(s, sum) return { lines = s.quotes, gross = sum } end,
    },
}
