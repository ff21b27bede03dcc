-- expect: limit.instructions at work line 5
-- A gsub replacement table whose __index never ends.
return flow "gsub_table" {
    task "work" (function(s, ctx)
        return (("a"):gsub("a", setmetatable({}, { __index = function() while true do end end })))
    end),
}
