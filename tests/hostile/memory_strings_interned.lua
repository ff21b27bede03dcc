-- expect: limit.memory at work line 7 | limit.instructions at work line 7
-- Short strings without end, which fill the table of strings.
return flow "memory_strings_interned" {
    task "work" (function(s, ctx)
        local kept = {}
        for i = 1, math.huge do
            kept[i] = "k" .. i
        end
    end),
}
