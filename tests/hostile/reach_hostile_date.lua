-- expect: lua at work line 5 saying "bad argument #1 to '?' (invalid conversion specifier '%E')"
-- os.date with hostile formats.
return flow "reach_hostile_date" {
    task "work" (function(s, ctx)
        return os.date(("%Y"):rep(1000)) and os.date("%E" .. "\0") and os.date("%")
    end),
}
