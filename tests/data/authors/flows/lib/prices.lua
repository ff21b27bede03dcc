-- prices: amounts in cents.
local prices = {}

function prices.gross(cents, percent)
    return cents + (cents * percent + 50) // 100
end

return prices
