local money = require("lib." .. "mony")

return flow "module_computed" {
    task "load" (function(s) return money.round(s.input.amount) end),
}
