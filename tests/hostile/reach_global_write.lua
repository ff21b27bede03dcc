-- expect: lua at work line 6 saying "global 'leak' cannot be created by a flow"
-- A global.
return flow "reach_global_write" {
    task "work" (function(s, ctx)
        local env = _ENV
        env.leak = 1
    end),
}
