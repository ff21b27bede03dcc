local order = flow "flow_missing" {
    task "load" (function(s) return s.input end),
}
