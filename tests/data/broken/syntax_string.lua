return flow "syntax_string" {
    about = "it's not closed,
    task "load" (function(s) return s.input end),
}
