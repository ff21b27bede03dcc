-- expect: limit.instructions at work line 5
-- A __newindex that never ends, inside of a pcall.
return flow "meta_newindex" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        local t = setmetatable({}, { __newindex = spin })
        pcall(function() t.x = 1 end)
    end),
}
