-- expect: completed "refused refused refused refused refused refused"
-- ctx.array and ctx.object set a metatable: not that of what is protected.
return flow "reach_mark_guard" {
    task "work" (function(s, ctx)
        local told = {}
        for i, it in ipairs { _ENV, string, ctx, ctx.http, s, task "x" } do
            told[i] = pcall(ctx.array, it) and pcall(ctx.object, it) and "marked" or "refused"
        end
        return table.concat(told, " ")
    end),
}
