-- caught: whatever its request comes to, it completes.
return flow "caught" {
    task "get" {
        catch = { on "*" { task "shrug" (function(s) return { code = s.err.code } end) } },
        run = function(_, ctx) return ctx.http.get("https://api.example.com/things").json end,
    },
}
