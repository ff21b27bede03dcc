-- expect: lua at work line 4 saying "must be a module's name"
-- A module named by tree outside of the folder.
return flow "require_tree" {
    task "work" (function(s, ctx)
        local name = "lib/../../x"
        return require(name)
    end),
}
