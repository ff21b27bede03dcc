-- expect: limit.instructions at work line 5
-- A __call that never ends, inside of a pcall.
return flow "meta_call" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __call = spin })
        pcall(function() t() end)
    end),
}
