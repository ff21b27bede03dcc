-- expect: lua at work line 4 saying "must be a module's name"
-- A module named by nul outside of the folder.
return flow "require_nul" {
    task "work" (function(s, ctx)
        local name = "a\0b"
        return require(name)
    end),
}
