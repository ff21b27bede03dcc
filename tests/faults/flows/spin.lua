-- Never ends by itself.
return flow "spin" {
    task "before" (function(_, ctx) ctx.emit("mark", { branch = "main", n = 1 }) end),
    task "turn" (function()
        while true do
        end
    end),
}
