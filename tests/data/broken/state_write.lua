return flow "state_write" {
    task "load" (function(s)
        s.load = 5
        s.input.done = true
        s["other"] = 1
        return function()
            s.inner = 1
        end
    end),
}
