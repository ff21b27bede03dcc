-- expect: limit.instructions | limit.memory
-- A module that eats memory.
local m = require("lib.eat")
return flow "require_loop2" { task "work" (function() return m end) }
