-- expect: completed "net.denied net.denied net.denied net.denied net.denied"
-- The Runtime API, though the operator allows everything.
-- set: EXECUTOR_HTTP_ALLOW=127.0.0.0/8,0.0.0.0/0,::/0,localhost
return flow "net_allowed_runtime" {
    task "work" (function(s, ctx)
        local told = {}
        for i, host in ipairs { "127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]" } do
            local _, problem = pcall(ctx.http.get, "http://" .. host .. ":9/2018-06-01/runtime/invocation/next")
            told[i] = problem.code
        end
        return table.concat(told, " ")
    end),
}
