-- expect: completed ""
-- This machine in spellings of other kinds: none gets an answer.
return flow "net_spellings" {
    task "work" (function(s, ctx)
        local reached = {}
        for _, host in ipairs { "127.0.0.1.", "localhost.", "%31%32%37.0.0.1", "a@127.0.0.1", "a:b@127.0.0.1",
                                "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fd00::1]",
                                "100.64.0.1", "224.0.0.1", "255.255.255.255", "１２７.0.0.1", "①②⑦.⓪.⓪.①",
                                "127。0。0。1", "[::1%25lo]", "127.0.0.1#", "127.0.0.1?", "a.test\\@127.0.0.1",
                                "0x7f.1", "0177.1", "127.0.1", "localhost\0.test", "" } do
            local ok = pcall(ctx.http.get, "http://" .. host .. ":" .. s.input.port .. "/", { timeout = "50ms" })
            if ok then reached[#reached + 1] = host end
        end
        return table.concat(reached, " ")
    end),
}
