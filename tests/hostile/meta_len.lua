-- expect: limit.instructions at work line 5
-- A __len that never ends, inside of a pcall.
return flow "meta_len" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __len = spin })
        pcall(function() local x = #t end)
    end),
}
