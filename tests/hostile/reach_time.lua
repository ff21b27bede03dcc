-- expect: lua at work line 5 saying "field 'year' is out-of-bound"
-- os.time with fields that overflow.
return flow "reach_time" {
    task "work" (function(s, ctx)
        return os.time { year = math.maxinteger, month = 1, day = 1 }
    end),
}
