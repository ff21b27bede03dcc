-- Emits numbered marks; then does what its input says. The law checker counts them.
local function mark(s, ctx, n)
    ctx.emit("mark", { branch = "main", n = n, fill = ("x"):rep(s.input.size) })
    if s.input.percent then
        ctx.progress(n % 100, "mark " .. n)
    end
    if s.input.pause_ms > 0 then
        ctx.sleep(s.input.pause_ms .. "ms")
    end
end

return flow "work" {
    input = {
        events = "integer",
        size = "integer",
        pause_ms = "integer",
        fail = "boolean",
        percent = "boolean",
    },
    task "emit" (function(s, ctx)
        for n = 1, s.input.events do
            mark(s, ctx, n)
        end
    end),
    task "finish" (function(s, ctx)
        if s.input.fail then
            ctx.fail("by.design", "as its input says")
        end
        return { n = s.input.events }
    end),
}
