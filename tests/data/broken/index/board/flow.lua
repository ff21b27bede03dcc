return flow "board" {
    task "greet" (function(s) return s.input end),
}
