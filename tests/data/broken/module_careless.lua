local careless = require "careless"

return flow "module_careless" {
    task "greet" (function(s) return careless.greet(s.input.name) end),
}
