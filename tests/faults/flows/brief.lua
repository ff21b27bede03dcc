-- Has a timeout of its own, which it does not meet.
return flow "brief" {
    timeout = "1s",
    task "before" (function(_, ctx) ctx.emit("mark", { branch = "main", n = 1 }) end),
    task "sleep" (function(_, ctx)
        while true do
            ctx.sleep("50ms")
        end
    end),
}
