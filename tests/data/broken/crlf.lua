return flow "crlf" {
    task "a" (function(s)
        return s.nothing
    end),
    tiemout = "1s",
}
