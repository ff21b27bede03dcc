-- expect: completed "secret-of-a"
-- Keeps a text in closures, coroutines and long strings.
-- then: talk_names_next
return flow "talk_names" {
    task "work" (function()
        local text = "secret-of-" .. "a"
        local kept = {}
        for i = 1, 1000 do kept[i] = (text):rep(100) .. i end
        return text
    end),
}
