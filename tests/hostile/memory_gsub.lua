-- expect: limit.memory at work line 5
-- A gsub that makes each byte a kilobyte.
return flow "memory_gsub" {
    task "work" (function(s, ctx)
        return #(("a"):rep(1000000):gsub("a", ("x"):rep(1000)))
    end),
}
