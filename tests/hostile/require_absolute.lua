-- expect: lua at work | module.unknown at work | flow.invalid | api.misuse at work
-- A module named by absolute outside of the folder.
return flow "require_absolute" {
    task "work" (function(s, ctx)
        local name = "/etc/passwd"
        return require(name)
    end),
}
