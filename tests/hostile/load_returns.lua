-- expect: flow.missing saying "returns"
-- A file that returns what is no flow.
return setmetatable({}, { __index = function() while true do end end }), 1, 2, 3
