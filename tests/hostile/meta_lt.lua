-- expect: limit.instructions at work line 5
-- A __lt that never ends, inside of a pcall.
return flow "meta_lt" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __lt = spin })
        pcall(function() local x = t < t end)
    end),
}
