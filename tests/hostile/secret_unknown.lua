-- expect: secret.unknown at work line 5 saying "there is none of that name"
-- A secret that nobody gave it.
return flow "secret_unknown" {
    task "work" (function(s, ctx)
        return ctx.http.get("https://a.test/", { headers = { x = ctx.secret "aws" } }).body
    end),
}
