-- expect: lua at work | limit.memory at work
-- A size bomb in string.pack.
return flow "memory_pack" {
    task "work" (function(s, ctx)
        return #string.pack("!16" .. ("s16"):rep(100000), "x")
    end),
}
