return flow "comma_argument" {
    choice "size" {
        when("large" function(s) return s.input.amount > 500 end) {
            task "ask" (function() return "finance" end),
        },
    },
}
