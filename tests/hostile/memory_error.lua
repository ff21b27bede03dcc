-- expect: limit.memory at work line 5
-- An error value of 64 MB.
return flow "memory_error" {
    task "work" (function(s, ctx)
        error(("x"):rep(64000000))
    end),
}
