-- expect: lua at work
-- What a step left behind changed by table.insert.
return flow "reach_view_write" {
    task "work" (function(s, ctx)
        table.insert(s.input, 1)
    end),
}
