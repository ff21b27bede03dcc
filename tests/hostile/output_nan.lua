-- expect: result.invalid at work
-- NaN and infinity as a result.
return flow "output_nan" {
    task "work" (function(s, ctx)
        return { 0 / 0, math.huge }
    end),
}
