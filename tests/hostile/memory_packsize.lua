-- expect: completed 1600000
-- string.packsize of a format that overflows.
return flow "memory_packsize" {
    task "work" (function(s, ctx)
        return string.packsize(("i16"):rep(100000) .. "!16")
    end),
}
