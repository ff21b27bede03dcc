-- many: as many steps and log lines as it is asked for.
return flow "many" {
    about = "five events for each of count",
    input = { count = "integer" },

    map "each" {
        over = function(s)
            local list = {}
            for i = 1, s.input.count do
                list[i] = i
            end
            return list
        end,
        task "one" (function(s, ctx)
            ctx.log("item " .. s.item)
            return s.item
        end),
    },
}
