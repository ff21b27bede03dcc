-- expect: completed 0
-- Looks at the module.
return flow "talk_module_next" {
    task "work" (function(s, ctx)
        return require("lib.shared").count
    end),
}
