-- expect: secret.unknown at work
-- A secret that nobody gave it.
return flow "secret_unknown" {
    task "work" (function(s, ctx)
        return ctx.http.get("https://a.test/", { headers = { x = ctx.secret "aws" } }).body
    end),
}
