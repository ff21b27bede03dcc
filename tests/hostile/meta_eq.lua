-- expect: limit.instructions at work line 5
-- A __eq that never ends, inside of a pcall.
return flow "meta_eq" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __eq = spin })
        pcall(function() local x = t == setmetatable({}, getmetatable(t)) end)
    end),
}
