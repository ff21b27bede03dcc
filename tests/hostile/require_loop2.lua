-- expect: limit.memory | timeout saying "loading took longer"
-- A module that eats memory.
local m = require("lib.eat")
return flow "require_loop2" { task "work" (function() return m end) }
