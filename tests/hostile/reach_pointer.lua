-- expect: lua at work line 5 saying "string.format: '%p' is not allowed"
-- Addresses by %p.
return flow "reach_pointer" {
    task "work" (function(s, ctx)
        return ("%p"):format({})
    end),
}
