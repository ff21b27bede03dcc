return flow "two words" {
    task "load-it" (function() return 1 end),
    task "end" (function() return 1 end),
    task "input" (function() return 1 end),
    task "9lives" (function() return 1 end),
    task { run = function() return 1 end },
    task(5) (function() return 1 end),
}
