-- expect: lua at work | flow.invalid
-- A global.
return flow "reach_global_write" {
    task "work" (function(s, ctx)
        local env = _ENV
        env.leak = 1
    end),
}
