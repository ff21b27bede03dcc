-- expect: lua at work saying "error value is a table"
-- An error value of ctx, taken apart and given another metatable.
return flow "reach_error_meta" {
    task "work" (function(s, ctx)
        local _, value = pcall(ctx.fail, "a.b", "m", { x = 1 })
        local copy = setmetatable({}, { __index = value, __tostring = function() while true do end end })
        error(copy)
    end),
}
