-- expect: lua at work line 4 saying "must be a module's name"
-- A module named by absolute outside of the folder.
return flow "require_absolute" {
    task "work" (function(s, ctx)
        local name = "/etc/passwd"
        return require(name)
    end),
}
