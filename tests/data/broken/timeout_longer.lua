return flow "timeout_longer" {
    timeout = "10s",

    task "load" {
        timeout = "1m",
        run = function(s) return s.input end,
    },
}
