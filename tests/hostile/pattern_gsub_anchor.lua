-- expect: limit.stall at work line 5
-- A gsub that looks through the whole text at every place.
return flow "pattern_gsub_anchor" {
    task "work" (function(s, ctx)
        return (("a"):rep(2000000):gsub(".-b", ""))
    end),
}
