-- expect: completed ""
-- Header names that would frame, route or smuggle a request.
return flow "net_headers" {
    task "work" (function(s, ctx)
        local taken = {}
        for _, name in ipairs { "Host", "hOST", "Content-Length", "Transfer-Encoding", "Connection", "a b", "a:b",
                                "a\r\nb", "a\nb", "a\0b", "", ":authority", "ä" } do
            local _, problem = pcall(ctx.http.get, "http://127.0.0.1:1/", { headers = { [name] = "x" } })
            if type(problem) == "table" and problem.code == "net.denied" then taken[#taken + 1] = name end
        end
        return table.concat(taken, "|")
    end),
}
