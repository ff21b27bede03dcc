return flow "invoice_pdf" {
  input   = { invoice_id = "string" },
  timeout = "5m",

  task "fetch" {
    retry   = { attempts = 4, delay = "1s", factor = 2, max_delay = "30s", on = { "http.5xx", "http.429", "timeout" } },
    timeout = "10s",
    run = function(s, ctx)
      return ctx.http.get("https://billing.example.com/invoices/" .. s.input.invoice_id,
                          { headers = { Authorization = "Bearer " .. ctx.secret "billing" } }).json
    end,
  },
  task "render" (function(s, ctx) ctx.progress(50, "rendering"); return "<h1>" .. s.fetch.title .. "</h1>" end),
  task "store"  (function(s, ctx) return ctx.http.put("https://files.example.com/" .. s.fetch.id, { json = s.render }).status end),
}
