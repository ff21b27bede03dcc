return flow "comma_before_step" {
    task "load" {
        timeout = "10s",
        run = function(s) return s.input end,
    }

    -- the comma above is what is missing
    task "store" (function(s) return s.load end),
}
