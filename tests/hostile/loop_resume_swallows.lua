-- expect: limit.instructions at work line 6
-- A coroutine that is resumed for ever and fails each time.
return flow "loop_resume_swallows" {
    task "work" (function(s, ctx)
        while true do
            coroutine.resume(coroutine.create(error))
        end
    end),
}
