-- expect: net.denied at work
-- A function of ctx as the body of a coroutine.
return flow "reach_wrapped_ctx" {
    task "work" (function(s, ctx)
        return coroutine.wrap(ctx.http.get)("http://127.0.0.1:" .. s.input.port .. "/").body
    end),
}
