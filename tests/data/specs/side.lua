-- side: two requests at once, and a third after a long wait.
return flow "side" {
    parallel "both" {
        task "a" (function(_, ctx) return ctx.http.get("https://a.example.com/").json end),
        task "b" (function(_, ctx) return ctx.http.get("https://b.example.com/").json end),
    },
    wait "pause" "10m",
    task "c" (function(s, ctx)
        ctx.progress(90, "nearly")
        return ctx.http.post("https://c.example.com/", { json = s.both }).json
    end),
}
