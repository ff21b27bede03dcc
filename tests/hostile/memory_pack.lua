-- expect: limit.memory at work line 7
-- A size bomb in string.pack.
return flow "memory_pack" {
    task "work" (function(s, ctx)
        local big, list = ("x"):rep(1000000), {}
        for i = 1, 100 do list[i] = big end
        return #string.pack(("s8"):rep(100), table.unpack(list))
    end),
}
