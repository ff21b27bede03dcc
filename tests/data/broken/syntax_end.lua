return flow "syntax_end" {
    task "load" (function(s)
        for _, item in ipairs(s.input.items) do
            if item.price then
                return item
        end
    end),
}
