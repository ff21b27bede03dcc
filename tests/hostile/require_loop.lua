-- expect: limit.instructions line 1 | timeout saying "loading took longer"
-- A module that never ends.
local m = require("lib.spin")
return flow "require_loop" { task "work" (function() return m end) }
