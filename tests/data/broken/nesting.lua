return flow "nesting" {
    task "load" {
        run = function(s) return s.input end,
        task "inner" (function() return 1 end),
    },
    when("left", function() return true end) { task "a" (function() return 1 end) },
    on "http.404" { task "b" (function() return 1 end) },
    choice "way" { task "c" (function() return 1 end) },
    flow "other" { task "d" (function() return 1 end) },
    wait "rest" { delay = "1s", task "e" (function() return 1 end) },
    function() return 1 end,
    "text",
}
