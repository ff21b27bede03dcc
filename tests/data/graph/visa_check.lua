-- visa_check: three steps, and nothing else.
return flow "visa_check" {
    task "fetch" { retry = 4, timeout = "10s", run = function() return 1 end },
    task "compare" (function() return 2 end),
    task "store" (function() return 3 end),
}
