-- expect: completed "clean"
-- Fresh memory shows nothing: strings, tables and stacks begin empty.
return flow "talk_names_next" {
    task "work" (function(s, ctx)
        local t = table.pack(table.unpack({}, 1, 200))
        for i = 1, t.n do if t[i] ~= nil then return "leak" end end
        return (s.input.text or ctx.run.text) and "leak" or "clean"
    end),
}
