-- webhook: sends what came in to whoever cares about it.
return flow "webhook" {
    input = { kind = "string", id = "string", body = "any" },
    choice "route" {
        when("order", function(s) return s.input.kind:find("^order%.") ~= nil end) {
            task "order" (function(s, ctx)
                ctx.emit("toast", { message = "order " .. s.input.id, level = "info" })
                return "orders"
            end),
        },
        when("payment", function(s) return s.input.kind == "payment.failed" end) {
            task "dunning" {
                retry = { attempts = 5, delay = "1s", max_delay = "10s" },
                run = function(s, ctx)
                    return ctx.http.post("https://dunning.example.com/" .. ctx.url.encode(s.input.id),
                                         { json = s.input.body }).json.queue
                end,
            },
        },
    },
    task "archive" (function(s, ctx)
        local text = ctx.json.encode(s.input.body)
        return { to = s.route, digest = ctx.sha256(text), at = ctx.time.iso(0) }
    end),
}
