-- expect: lua at work
-- os.time with fields that overflow.
return flow "reach_time" {
    task "work" (function(s, ctx)
        return os.time { year = math.maxinteger, month = 1, day = 1 }
    end),
}
