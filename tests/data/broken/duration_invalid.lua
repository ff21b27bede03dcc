return flow "duration_invalid" {
    timeout = 300,

    task "load" {
        timeout = "5 minutes",
        retry = { delay = "1sec", max_delay = "-1s" },
        run = function(s) return s.input end,
    },
    wait "settle" "soon",
}
