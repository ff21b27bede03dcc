local money = {}

function money.round(amount)
    return math.floor(amount * 100 + 0.5 / 100
end

return money
