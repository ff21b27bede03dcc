return flow "option_type" {
    about = 5,
    task "load" {
        run = "load",
        when = true,
        catch = { task "a" (function() return 1 end) },
        undo = "no",
        retry = "often",
    },
    map "each" {
        over = "items",
        max = 0,
        tolerate = "many",
        task "one" (function(s) return s.item end),
    },
    parallel "both" {
        max = "two",
        task "left" (function() return 1 end),
        task "right" (function() return 1 end),
    },
    loop "poll" {
        done = 5,
        max = 1.5,
        task "ask" (function() return 1 end),
    },
}
