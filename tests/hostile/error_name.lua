-- expect: lua at work line 5 saying "error value is a table"
-- An error value whose __name is no string.
return flow "error_name" {
    task "work" (function(s, ctx)
        error(setmetatable({}, { __name = 42, __tostring = 42 }))
    end),
}
