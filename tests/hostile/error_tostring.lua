-- expect: limit.instructions at work | lua at work
-- An error whose __tostring never ends.
return flow "error_tostring" {
    task "work" (function(s, ctx)
        error(setmetatable({}, { __tostring = function() while true do end end }))
    end),
}
