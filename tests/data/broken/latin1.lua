return flow "latin1" { about = "café", task "a" (function() return 1 end) }
