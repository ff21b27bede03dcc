-- expect: lua at work | module.unknown at work | flow.invalid | api.misuse at work
-- A module named by nul outside of the folder.
return flow "require_nul" {
    task "work" (function(s, ctx)
        local name = "a\0b"
        return require(name)
    end),
}
