-- expect: lua at work line 5 saying "getmetatable: the metatable of strings is protected"
-- The metatable of strings.
return flow "reach_string_meta" {
    task "work" (function(s, ctx)
        getmetatable("").__index = function() return "evil" end
    end),
}
