-- expect: completed [1000000,500000]
-- A gsub with a callback over a megabyte.
return flow "gsub_megabyte" {
    task "work" (function(s, ctx)
        local text, count = (("ab"):rep(500000)):gsub("a", function(c) return c:upper() end)
        return { #text, count }
    end),
}
