-- expect: limit.instructions at work line 5
-- A __index that never ends, inside of a pcall.
return flow "meta_index" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __index = spin })
        pcall(function() local x = t.x end)
    end),
}
