-- nightly_report: figures of all shops, four at a time; a few may be missing.
return flow "nightly_report" {
    input = { day = "string" },
    task "shops" (function(_, ctx)
        return ctx.http.get("https://shops.example.com/list").json
    end),
    map "figures" {
        over = function(s) return s.shops end,
        max = 4,
        tolerate = "25%",
        task "fetch" {
            retry = { attempts = 3, delay = "500ms", on = { "http.5xx", "net.*" } },
            timeout = "20s",
            run = function(s, ctx)
                return ctx.http.get("https://" .. s.item .. ".example.com/figures", {
                    query = { day = s.input.day },
                }).json
            end,
        },
    },
    task "sum" (function(s, ctx)
        local total, missing = 0, #s.errors.figures
        for _, shop in ipairs(s.figures) do
            if shop ~= ctx.null then
                total = total + shop.revenue
            end
        end
        ctx.progress(90, "summed up")
        return { total = total, missing = missing }
    end),
    choice "verdict" {
        when("incomplete", function(s) return s.sum.missing > 0 end) {
            task "warn" (function(s, ctx)
                ctx.log.warn(s.sum.missing .. " shops are missing")
                return s.sum
            end),
        },
        otherwise { task "fine" (function(s) return s.sum end) },
    },
}
