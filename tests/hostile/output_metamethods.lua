-- expect: completed {}
-- A result whose __pairs and __index never end.
return flow "output_metamethods" {
    task "work" (function(s, ctx)
        local function spin() while true do end end
        return setmetatable({}, { __pairs = spin, __index = spin, __len = spin })
    end),
}
