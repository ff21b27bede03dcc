-- expect: limit.instructions line 4 | timeout saying "loading took longer"
-- A to-be-closed variable that never closes while the flow loads.
local _ <close> = setmetatable({}, { __close = function()
    while true do end
end })
error("now")
