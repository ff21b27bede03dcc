-- expect: completed "done"
-- Leaves a metatable and a function in a module's table.
-- then: talk_module_deep_next
return flow "talk_module_deep" {
    task "work" (function()
        local shared = require "lib.shared"
        setmetatable(shared, { __index = function() return "leak" end })
        rawequal(shared, shared)
        shared.spy = function() return "leak" end
        return "done"
    end),
}
