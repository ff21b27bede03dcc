return flow "state_later" {
    task "first" (function(s)
        return s.second
    end),
    task "second" (function(s)
        return s.first
    end),
    task "itself" (function(s)
        return s.itself
    end),
}
