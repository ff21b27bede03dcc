-- expect: lua at work line 7 saying "error value is a table"
-- An error value that contains itself.
return flow "error_cyclic" {
    task "work" (function(s, ctx)
        local t = {}
        t.t = t
        error(t)
    end),
}
