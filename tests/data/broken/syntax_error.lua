return flow "syntax_error" {
    task "load" (function(s)
        if s.input.amount != 5 then
            return 1
        end
    end),
}
