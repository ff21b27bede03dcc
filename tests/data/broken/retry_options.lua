return flow "retry_options" {
    task "load" {
        retry = { attempts = 0, facto = 2, jitter = "some", on = { 5 } },
        run = function(s) return s.input end,
    },
    task "store" {
        retry = 2.5,
        retry = 3,
        run = function(s) return s.load end,
    },
}
