-- expect: limit.stall at work | limit.instructions at work | timeout at work saying "Execution timeout"
-- table.insert at the front of a table that grows.
-- set: EXECUTOR_TIMEOUT_SECS=3
return flow "insert_shift" {
    task "work" (function(s, ctx)
        local t = {}
        for i = 1, 1000000 do table.insert(t, 1, i) end
    end),
}
