-- expect: library.missing line 5 saying "'_G' is out of a flow's reach"
-- Names that lead outside, looked for while it loads.
local found = {}
for _, name in ipairs { "load", "dofile", "io", "debug", "package", "collectgarbage" } do
    found[#found + 1] = _G[name]
end
return found
