return flow "name_duplicate" {
    task "load" (function() return 1 end),
    seq "inner" {
        task "load" (function() return 2 end),
    },
    task "load" (function() return 3 end),
    choice "way" {
        when("left", function() return true end) { task "a" (function() return 1 end) },
        when("left", function() return true end) { task "b" (function() return 1 end) },
    },
}
