-- expect: lua at work line 5 saying "error value is nil"
-- error(nil).
return flow "error_nil" {
    task "work" (function(s, ctx)
        error(nil)
    end),
}
