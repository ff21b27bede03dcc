-- expect: completed 20000
-- 20,000 objects through JSON and back.
return flow "json" {
    task "work" (function(s, ctx)
        local list = {}
        for i = 1, 20000 do list[i] = { id = i, name = "item" .. i } end
        local text = ctx.json.encode(list)
        return #ctx.json.decode(text)
    end),
}
