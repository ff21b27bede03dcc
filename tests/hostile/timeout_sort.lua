-- expect: timeout at work
-- The same where no yield gets out: a sort comparator.
return flow "timeout_sort" {
    task "work" {
        timeout = "5ms",
        run = function()
            while true do pcall(table.sort, { 1, 2, 3 }, function() while true do end end) end
        end,
    },
}
