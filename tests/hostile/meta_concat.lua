-- expect: limit.instructions at work line 5
-- A __concat that never ends, inside of a pcall.
return flow "meta_concat" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __concat = spin })
        pcall(function() local x = t .. "a" end)
    end),
}
