-- expect: completed 2
-- Changes the table of a module.
-- then: talk_module_next
return flow "talk_module" {
    task "work" (function(s, ctx)
        local shared = require "lib.shared"
        pcall(function() shared.count = shared.count + 2 end)
        return 2
    end),
}
