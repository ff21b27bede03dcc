return flow "hello" {
    task "greet" (function(s) return s.input end),
}
