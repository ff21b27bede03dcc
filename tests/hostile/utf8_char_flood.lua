-- expect: limit.memory at work | lua at work
-- utf8.char of more values than the stack has.
return flow "utf8_char_flood" {
    task "work" (function(s, ctx)
        local list = {}
        for i = 1, 200000 do list[i] = 0x10FFFF end
        local all = {}
        while true do all[#all + 1] = utf8.char(table.unpack(list)) .. #all end
    end),
}
