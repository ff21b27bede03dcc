-- expect: limit.instructions at work | limit.stall at work | timeout at work saying "Execution timeout"
-- utf8.len of 16 MB, again and again.
-- set: EXECUTOR_TIMEOUT_SECS=2
return flow "utf8_len" {
    task "work" (function(s, ctx)
        local text = ("a"):rep(16000000)
        while true do utf8.len(text) end
    end),
}
