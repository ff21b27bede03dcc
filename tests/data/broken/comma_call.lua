return flow "comma_call" {
    choice "size" {
        when("large", function(s) return s.input.amount > 500 end) {
            task "ask" (function() return "finance" end),
        }
        {
            task "auto" (function() return "policy" end),
        },
    },
}
