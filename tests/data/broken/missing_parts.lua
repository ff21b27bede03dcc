return flow "missing_parts" {
    task "load" { timeout = "10s" },
    task "later",
    map "each" { task "one" (function(s) return s.item end) },
    loop "poll" { task "ask" (function() return 1 end) },
    choice "way" {},
    wait "rest" {},
    call "other" {},
    seq "none" {},
}
