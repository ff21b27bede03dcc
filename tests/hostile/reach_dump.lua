-- expect: lua at work line 6 saying "attempt to call a nil value (field '?')"
-- string.dump.
return flow "reach_dump" {
    task "work" (function(s, ctx)
        local name = "dump"
        return #string[name](function() end)
    end),
}
