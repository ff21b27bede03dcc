-- expect: completed "secret userdata false"
-- A secret that is looked at from all sides.
return flow "secret_read" {
    task "work" (function(s, ctx)
        local k = ctx.secret "api"
        local ok = pcall(function() return k:sub(1, 1) end)
        return tostring(k) .. " " .. type(k) .. " " .. tostring(ok)
    end),
}
