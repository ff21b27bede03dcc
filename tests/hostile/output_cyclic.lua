-- expect: result.invalid at work line 4 saying "a cycle cannot be JSON"
-- A result that contains itself.
return flow "output_cyclic" {
    task "work" (function(s, ctx)
        local t = {}
        t.t = t
        return t
    end),
}
