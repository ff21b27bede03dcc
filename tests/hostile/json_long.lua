-- expect: limit.memory at work line 5 | limit.stall at work line 5
-- JSON of six million items.
return flow "json_long" {
    task "work" (function(s, ctx)
        return #ctx.json.decode("[" .. ("0,"):rep(6000000) .. "0]")
    end),
}
