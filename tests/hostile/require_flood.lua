-- expect: limit.instructions at work
-- Names of modules without end.
-- set: EXECUTOR_INSTRUCTION_LIMIT=3000000
return flow "require_flood" {
    task "work" (function(s, ctx)
        local i = 0
        while true do
            i = i + 1
            pcall(require, "m" .. i)
        end
    end),
}
