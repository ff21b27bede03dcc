-- expect: result.invalid at work line 4
-- A result nested 100,000 deep.
return flow "output_deep" {
    task "work" (function(s, ctx)
        local t = {}
        for _ = 1, 100000 do t = { t } end
        return t
    end),
}
