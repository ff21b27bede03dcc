-- expect: completed [600000,1200000]
-- UTF-8 over a megabyte.
return flow "utf8" {
    task "work" (function(s, ctx)
        local text = ("\xc3\xa4"):rep(600000)
        return { utf8.len(text), #text }
    end),
}
