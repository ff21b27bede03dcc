-- hello: the smallest flow worth reading: a typed input, two steps, a log line, a result.
-- Payload: {"name": "Ada"}, or none.
return flow "hello" {
    about = "greets whoever the payload names",
    input = { name = "string?" },
    timeout = "1m",

    task "greet" (function(s)
        return { text = "Hello, " .. (s.input.name or "world") .. "!" }
    end),

    task "tell" (function(s, ctx)
        ctx.log(s.greet.text)
        return s.greet
    end),
}
