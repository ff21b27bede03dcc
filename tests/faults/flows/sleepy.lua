-- Goes on for longer than it may: until the run's time, or the Lambda's, is over. It sleeps in
-- pieces, for one long wait beyond the deadline would be refused at once.
return flow "sleepy" {
    input = { sleep_ms = "integer" },
    task "before" (function(_, ctx)
        for n = 1, 3 do
            ctx.emit("mark", { branch = "main", n = n })
        end
    end),
    task "sleep" (function(s, ctx)
        for _ = 1, s.input.sleep_ms // 50 do
            ctx.sleep("50ms")
        end
    end),
    task "after" (function(_, ctx)
        ctx.emit("mark", { branch = "main", n = 4 })
        return "awake"
    end),
}
