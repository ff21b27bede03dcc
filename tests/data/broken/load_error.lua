local prices = nil
local first = prices.first

return flow "load_error" {
    task "load" (function() return first end),
}
