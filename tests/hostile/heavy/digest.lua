-- expect: completed [64,1398104]
-- SHA-256 and base64 of a megabyte.
return flow "digest" {
    task "work" (function(s, ctx)
        local text = ("x"):rep(1048576)
        return { #ctx.sha256(text), #ctx.base64.encode(text) }
    end),
}
