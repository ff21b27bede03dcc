-- expect: completed "xxx"
-- A changed string library is the run's own.
return flow "reach_string_lib" {
    task "work" (function(s, ctx)
        local s2 = string
        pcall(function() s2.rep = function() return "evil" end end)
        pcall(function() s2.format = function() return "evil" end end)
        return ("x"):rep(3)
    end),
}
