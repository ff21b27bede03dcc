-- expect: limit.instructions at work line 5
-- The handler of an error never ends.
return flow "loop_xpcall_handler" {
    task "work" (function(s, ctx)
        xpcall(error, function() while true do end end)
    end),
}
