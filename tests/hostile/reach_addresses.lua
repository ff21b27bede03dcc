-- expect: completed "table function thread userdata"
-- Addresses in tostring and %s.
return flow "reach_addresses" {
    task "work" (function(s, ctx)
        local words = {}
        for _, value in ipairs { {}, print, coroutine.create(print), ctx.secret "api" } do
            local text = ("%s"):format(value)
            assert(tostring(value) == text)
            words[#words + 1] = text == "secret" and type(value) or text
        end
        return table.concat(words, " ")
    end),
}
