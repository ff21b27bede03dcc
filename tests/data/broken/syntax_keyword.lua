return flow "syntax_keyword" {
    task "load" (function(s)
        local total = s.input.amount
        retrun total
    end),
}
