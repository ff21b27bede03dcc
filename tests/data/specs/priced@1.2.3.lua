-- priced: a flow of one version, with a module.
local money = require "money"

return flow "priced" {
    task "say" (function(_, ctx) return { text = money.words(5), version = ctx.run.version } end),
}
