-- expect: limit.instructions at work line 5
-- A __unm that never ends, inside of a pcall.
return flow "meta_unm" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __unm = spin })
        pcall(function() local x = -t end)
    end),
}
