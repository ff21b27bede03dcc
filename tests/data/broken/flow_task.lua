return task "load" (function(s) return s.input end)
