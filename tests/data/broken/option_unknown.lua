return flow "option_unknown" {
    timout = "5m",

    task "load" {
        retyr = 3,
        run = function(s) return s.input end,
    },
    map "each" {
        over = function(s) return s.load end,
        maximum = 4,
        task "one" (function(s) return s.item end),
    },
}
