-- expect: result.invalid at work line 4 saying "NaN cannot be JSON"
-- NaN and infinity as a result.
return flow "output_nan" {
    task "work" (function(s, ctx)
        return { 0 / 0, math.huge }
    end),
}
