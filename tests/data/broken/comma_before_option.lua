return flow "comma_before_option" {
    task "load" {
        timeout = "10s"
        run = function(s) return s.input end,
    },
}
