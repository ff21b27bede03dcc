-- expect: completed ""
-- Line breaks, blanks and NUL in the URL.
return flow "net_url_lines" {
    task "work" (function(s, ctx)
        local taken = {}
        for i, tail in ipairs { "\r\nX: y", "\n", "\0", " HTTP/1.1\r\nHost: x", "\t", "\127" } do
            local _, problem = pcall(ctx.http.get, "http://127.0.0.1:1/" .. tail)
            if type(problem) == "table" and problem.code == "net.denied" then taken[#taken + 1] = i end
        end
        return table.concat(taken, " ")
    end),
}
