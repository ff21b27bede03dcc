-- expect: lua at work line 4 saying "must be a module's name"
-- A module named by empty outside of the folder.
return flow "require_empty" {
    task "work" (function(s, ctx)
        local name = ""
        return require(name)
    end),
}
