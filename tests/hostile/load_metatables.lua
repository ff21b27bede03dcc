-- expect: completed 1
-- Tables of the flow whose metamethods never end: none is called.
local function spin() while true do end end
local trap = { __index = spin, __pairs = spin, __len = spin, __eq = spin, __tostring = spin,
               __name = spin, __call = spin, __close = spin }
return flow "load_metatables" (setmetatable({
    about = "trap",
    vars = setmetatable({}, trap),
    task "work" (setmetatable({ run = function() return 1 end }, trap)),
}, trap))
