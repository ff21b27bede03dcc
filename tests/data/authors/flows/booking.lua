-- booking: hotel, then train; what was booked is given back when the other cannot be had.
local function reserve(what)
    return task(what) {
        retry = 2,
        run = function(s, ctx)
            return ctx.http.post("https://" .. what .. ".example.com/reservations", {
                json = { from = s.input.from, to = s.input.to, key = ctx.key },
            }).json
        end,
        undo = function(s, ctx)
            ctx.http.delete("https://" .. what .. ".example.com/reservations/" .. s[what].id)
        end,
    }
end

return flow "booking" {
    input_schema = {
        type = "object",
        required = { "from", "to" },
        additionalProperties = false,
        properties = {
            from = { type = "string", pattern = "^%d%d%d%d%-%d%d%-%d%d$" },
            to = { type = "string", pattern = "^%d%d%d%d%-%d%d%-%d%d$" },
        },
    },
    reserve "hotel",
    reserve "train",
    task "itinerary" (function(s) return { hotel = s.hotel.id, train = s.train.id } end),
}
