-- expect: limit.instructions at work line 5
-- ipairs over a table whose __index always has one more.
return flow "loop_ipairs" {
    task "work" (function(s, ctx)
        for _ in ipairs(setmetatable({}, { __index = function() return 1 end })) do end
    end),
}
