-- expect: completed 1
-- Seeds the generator, if it can.
-- then: talk_random_next
return flow "talk_random" {
    task "work" (function(s, ctx)
        local name = "randomseed"
        pcall(function() math[name](42) end)
        return 1
    end),
}
