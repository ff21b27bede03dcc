-- expect: lua at work line 5 saying "error value is a table"
-- An error whose __tostring never ends.
return flow "error_tostring" {
    task "work" (function(s, ctx)
        error(setmetatable({}, { __tostring = function() while true do end end }))
    end),
}
