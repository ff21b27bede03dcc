-- expect: limit.instructions at work | limit.stall at work | timeout at work saying "Execution timeout"
-- Large strings turned around for ever.
-- set: EXECUTOR_TIMEOUT_SECS=2
return flow "string_reverse" {
    task "work" (function(s, ctx)
        local text = ("a"):rep(10000000)
        while true do text = text:reverse() end
    end),
}
