-- expect: limit.instructions at work | limit.stall at work | timeout at work saying "Execution timeout"
-- Two strings of 10 MB compared for ever.
-- set: EXECUTOR_TIMEOUT_SECS=2
return flow "string_compare" {
    task "work" (function(s, ctx)
        local a, b = ("a"):rep(8000000) .. "a", ("a"):rep(8000000) .. "b"
        while true do local x = a < b end
    end),
}
