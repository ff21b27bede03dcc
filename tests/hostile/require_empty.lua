-- expect: lua at work | module.unknown at work | flow.invalid | api.misuse at work
-- A module named by empty outside of the folder.
return flow "require_empty" {
    task "work" (function(s, ctx)
        local name = ""
        return require(name)
    end),
}
