-- expect: lua at work line 5 saying "error value is a table"
-- An error value whose fields never end.
return flow "error_index" {
    task "work" (function(s, ctx)
        error(setmetatable({}, { __index = function() while true do end end }))
    end),
}
