return flow "branch_unreachable" {
    choice "way" {
        otherwise { task "a" (function() return 1 end) },
        when("left", function() return true end) { task "b" (function() return 1 end) },
    },
}
