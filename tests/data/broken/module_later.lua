return flow "module_later" {
    task "round" (function(s)
        local money = require "lib.mony"
        return money.round(s.input.amount)
    end),
    task "greet" (function(s)
        return require("careless").greet(s.round) .. require("broken_money").round(1)
            .. require "../secret"
    end),
}
