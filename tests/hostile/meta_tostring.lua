-- expect: limit.instructions at work line 5
-- A __tostring that never ends, inside of a pcall.
return flow "meta_tostring" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __tostring = spin })
        pcall(function() tostring(t) end)
    end),
}
