-- expect: lua at work
-- The metatable of strings.
return flow "reach_string_meta" {
    task "work" (function(s, ctx)
        getmetatable("").__index = function() return "evil" end
    end),
}
