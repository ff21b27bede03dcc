-- expect: limit.payload at work line 4
-- A result of 8 MB.
return flow "output_large" {
    task "work" (function(s, ctx)
        return ("x"):rep(8000000)
    end),
}
