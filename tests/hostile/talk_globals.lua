-- expect: completed 1
-- Leaves what it can behind.
-- then: talk_globals_next
return flow "talk_globals" {
    task "work" (function(s, ctx)
        local s2 = string
        pcall(function() s2.leak = "leak" end)
        pcall(function() s2.upper = function() return "leak" end end)
        local t2 = table
        pcall(function() t2.leak = "leak" end)
        local m2 = math
        pcall(function() m2.pi = 3 end)
        return 1
    end),
}
