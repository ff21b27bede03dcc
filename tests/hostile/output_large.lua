-- expect: limit.payload at work
-- A result of 8 MB.
return flow "output_large" {
    task "work" (function(s, ctx)
        return ("x"):rep(8000000)
    end),
}
