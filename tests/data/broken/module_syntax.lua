local money = require "lib.broken_money"

return flow "module_syntax" {
    task "load" (function(s) return money.round(s.input.amount) end),
}
