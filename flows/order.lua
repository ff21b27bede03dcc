-- order: prices an order's items with one HTTP call, tried again while the shop is unwell.
-- Payload: {"prices_url": "https://...", "items": [{"sku": "A-1", "qty": 2}]}; answer {"A-1": 9.5}.
return flow "order" {
    about = "prices the items of an order and adds them up",
    input = {
        prices_url = "string",
        items = { { sku = "string", qty = "integer" } },
    },
    timeout = "5m",

    task "prices" {
        about = "one call for all items",
        retry = { attempts = 4, delay = "500ms", on = { "http.5xx", "timeout" } },
        timeout = "10s",
        run = function(s, ctx)
            local skus = {}
            for i, item in ipairs(s.input.items) do
                skus[i] = item.sku
            end
            local reply = ctx.http.get(s.input.prices_url, { query = { sku = skus } })
            return reply.json
        end,
    },

    task "lines" (function(s, ctx)
        local lines = ctx.array {}
        for i, item in ipairs(s.input.items) do
            local price = s.prices[item.sku]
            if type(price) ~= "number" then
                ctx.fail("order.no_price", "no price for " .. item.sku, { sku = item.sku })
            end
            lines[i] = { sku = item.sku, qty = item.qty, total = item.qty * price }
            ctx.progress(100 * i / #s.input.items, "priced " .. item.sku)
        end
        return lines
    end),

    task "total" (function(s)
        local total = 0
        for _, line in ipairs(s.lines) do
            total = total + line.total
        end
        return { lines = s.lines, total = total }
    end),
}
