-- expect: limit.instructions | lua
-- A module that never ends.
local m = require("lib.spin")
return flow "require_loop" { task "work" (function() return m end) }
