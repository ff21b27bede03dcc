-- expect: lua at work | flow.invalid
-- string.dump.
return flow "reach_dump" {
    task "work" (function(s, ctx)
        local name = "dump"
        return #string[name](function() end)
    end),
}
