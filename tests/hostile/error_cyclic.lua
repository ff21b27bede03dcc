-- expect: lua at work
-- An error value that contains itself.
return flow "error_cyclic" {
    task "work" (function(s, ctx)
        local t = {}
        t.t = t
        error(t)
    end),
}
