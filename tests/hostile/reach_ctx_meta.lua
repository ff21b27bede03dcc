-- expect: completed "refused"
-- The metatables of ctx and s.
return flow "reach_ctx_meta" {
    task "work" (function(s, ctx)
        local changed = 0
        for _, t in ipairs { ctx, s, ctx.http } do
            if pcall(setmetatable, t, {}) then changed = changed + 1 end
            local meta = getmetatable(t)
            if type(meta) == "table" and pcall(function() meta.__index = nil end) then changed = changed + 1 end
        end
        return changed == 0 and "refused" or "changed " .. changed
    end),
}
