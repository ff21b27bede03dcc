-- expect: limit.instructions at work line 6
-- A handler whose errors are handled by itself, again and again.
return flow "loop_error_in_handler" {
    task "work" (function(s, ctx)
        while true do
            xpcall(error, function() error("again") end)
        end
    end),
}
