-- expect: lua at work
-- Addresses by %p.
return flow "reach_pointer" {
    task "work" (function(s, ctx)
        return ("%p"):format({})
    end),
}
