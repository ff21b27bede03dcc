-- expect: limit.instructions at work | limit.memory at work | timeout at work
-- select over varargs, quadratic.
-- set: EXECUTOR_TIMEOUT_SECS=3
return flow "select_flood" {
    task "work" (function(s, ctx)
        local list = {}
        for i = 1, 100000 do list[i] = i end
        local function last(...)
            local sum = 0
            while true do sum = sum + select("#", select(2, ...)) end
        end
        return last(table.unpack(list))
    end),
}
