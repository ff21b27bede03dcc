-- expect: limit.instructions line 6
-- A predicate that never ends.
return flow "callback_choice" {
    choice "way" {
        when("never", function()
            while true do end
        end) { task "t" (function() return 1 end) },
    },
}
