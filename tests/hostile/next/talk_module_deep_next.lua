-- expect: completed "clean"
-- Looks for what the run before left in the module.
return flow "talk_module_deep_next" {
    task "work" (function()
        local shared = require "lib.shared"
        return (shared.spy or shared.anything or getmetatable(shared)) and "leak" or "clean"
    end),
}
