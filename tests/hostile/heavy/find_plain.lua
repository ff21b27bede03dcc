-- expect: completed 200
-- Plain finds over megabytes.
return flow "find_plain" {
    task "work" (function(s, ctx)
        local text, found = ("x"):rep(2000000) .. "needle", 0
        for _ = 1, 200 do
            if text:find("needle", 1, true) then found = found + 1 end
        end
        return found
    end),
}
