-- fetch: one request, tried again, for the tests of run().
return flow "fetch" {
    input = { path = "string?", method = "string?", body = "any?" },
    task "get" {
        retry = { attempts = 3, delay = "30s", on = { "http.5xx", "net.*", "http.429" } },
        run = function(s, ctx)
            local url = "https://api.example.com" .. (s.input.path or "/things")
            local opts = { method = s.input.method or "GET", json = s.input.body,
                           headers = { ["X-Key"] = ctx.key } }
            return ctx.http.request(url, opts).json
        end,
    },
}
