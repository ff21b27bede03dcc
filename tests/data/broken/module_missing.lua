local money = require "lib.mony"

return flow "module_missing" {
    task "load" (function(s) return money.round(s.input.amount) end),
}
