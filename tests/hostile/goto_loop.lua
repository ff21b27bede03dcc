-- expect: limit.instructions at work
-- A loop by goto.
return flow "goto_loop" {
    task "work" (function(s, ctx)
        ::again::
        goto again
    end),
}
