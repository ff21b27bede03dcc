-- expect: lua at work | module.unknown at work | flow.invalid | api.misuse at work
-- A module named by tree outside of the folder.
return flow "require_tree" {
    task "work" (function(s, ctx)
        local name = "lib/../../x"
        return require(name)
    end),
}
