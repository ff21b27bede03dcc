-- expect: lua at work line 5 saying "the state is read-only; a step changes it by what it returns"
-- What a step left behind changed by table.insert.
return flow "reach_view_write" {
    task "work" (function(s, ctx)
        table.insert(s.input, 1)
    end),
}
