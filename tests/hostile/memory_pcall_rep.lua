-- expect: limit.memory at work line 5
-- The refused gigabyte caught.
return flow "memory_pcall_rep" {
    task "work" (function(s, ctx)
        local ok = pcall(string.rep, "x", 1 << 30)
        return ok
    end),
}
