-- expect: completed ""
-- Schemes that are not for the web.
return flow "net_schemes" {
    task "work" (function(s, ctx)
        local taken = {}
        for scheme in ("file gopher ftp dict ldap smb tftp scp telnet data ws unix"):gmatch("%a+") do
            local ok, problem = pcall(ctx.http.get, scheme .. "://127.0.0.1:1/etc/passwd")
            if ok or type(problem) == "table" and problem.code ~= "net.denied" then taken[#taken + 1] = scheme end
        end
        return table.concat(taken, " ")
    end),
}
