return flow "newsletter" {
  task "segments" (function(s, ctx) return ctx.http.get("https://crm.example.com/segments").json end),
  map "send" { over = function(s) return s.segments end, max = 4, tolerate = "10%",
    task "draft" { retry = 3, run = function(s, ctx) ctx.chunk(s.item); return "Dear " .. s.item end },
    task "mail" (function(s, ctx) return ctx.http.post("https://mail.example.com/send", { json = { to = s.item, body = s.draft } }).status end),
  },
  wait "settle" "30s",
  task "report" (function(s) return { sent = #s.send } end),
}
