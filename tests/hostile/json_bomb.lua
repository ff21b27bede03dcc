-- expect: lua at work saying "ctx.json.decode"
-- JSON nested a million deep.
return flow "json_bomb" {
    task "work" (function(s, ctx)
        return ctx.json.decode(("["):rep(1000000))
    end),
}
