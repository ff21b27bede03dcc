-- expect: lua saying "error value is a table"
-- An error with a __tostring that never ends, while the flow loads.
error(setmetatable({}, { __tostring = function() while true do end end }))
