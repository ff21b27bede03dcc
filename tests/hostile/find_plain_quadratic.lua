-- expect: limit.stall at work line 6
-- A plain find whose every place nearly matches.
return flow "find_plain_quadratic" {
    task "work" (function(s, ctx)
        local text, needle = ("a"):rep(4000000), ("a"):rep(2000000) .. "b"
        return text:find(needle, 1, true)
    end),
}
