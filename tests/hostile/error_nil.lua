-- expect: lua at work
-- error(nil).
return flow "error_nil" {
    task "work" (function(s, ctx)
        error(nil)
    end),
}
