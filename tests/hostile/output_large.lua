-- expect: limit.payload at work line 4
-- A result of 2 MB.
return flow "output_large" {
    task "work" (function(s, ctx)
        return ("x"):rep(2000000)
    end),
}
