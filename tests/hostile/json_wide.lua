-- expect: limit.memory at work | limit.stall at work | lua at work
-- One table encoded a thousand times in itself, three levels deep.
return flow "json_wide" {
    task "work" (function(s, ctx)
        local list = {}
        for _ = 1, 3 do
            local outer = {}
            for i = 1, 1000 do outer[i] = list end
            list = outer
        end
        return #ctx.json.encode(list)
    end),
}
