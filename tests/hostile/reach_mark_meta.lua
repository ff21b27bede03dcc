-- expect: completed "string false"
-- The metatable of a marked array, which all arrays of the run share.
return flow "reach_mark_meta" {
    task "work" (function(s, ctx)
        local meta = getmetatable(ctx.array {})
        return type(meta == false and nil or meta) .. " " .. tostring(pcall(function() meta.__index = 1 end))
    end),
}
