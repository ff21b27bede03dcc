-- expect: completed [1000000,1000000]
-- A megabyte, byte by byte and by table.concat.
return flow "string_building" {
    task "work" (function(s, ctx)
        local parts, text = {}, ""
        for i = 1, 1000000 do parts[i] = "x" end
        for _ = 1, 1000 do text = text .. ("y"):rep(1000) end
        return { #table.concat(parts), #text }
    end),
}
