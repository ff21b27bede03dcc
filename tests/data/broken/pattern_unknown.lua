return flow "pattern_unknown" {
    task "pay" {
        retry = { attempts = 4, on = { "htpp.5xx", "http.9xx", "timeuot" } },
        run = function(s) return s.input end,
        catch = {
            on "net.dsn" { task "again" (function() return 1 end) },
            on "limit.memory" { task "less" (function() return 1 end) },
        },
    },
}
