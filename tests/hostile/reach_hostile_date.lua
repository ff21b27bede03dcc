-- expect: lua at work | completed
-- os.date with hostile formats.
return flow "reach_hostile_date" {
    task "work" (function(s, ctx)
        return os.date(("%Y"):rep(1000)) and os.date("%E" .. "\0") and os.date("%")
    end),
}
