-- expect: limit.instructions at work line 5
-- A __pairs that never ends, inside of a pcall.
return flow "meta_pairs" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __pairs = spin })
        pcall(function() pairs(t) end)
    end),
}
