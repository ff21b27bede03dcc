-- expect: limit.instructions at work line 6
-- A loop by goto.
return flow "goto_loop" {
    task "work" (function(s, ctx)
        ::again::
        goto again
    end),
}
