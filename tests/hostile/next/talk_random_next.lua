-- expect: completed true
-- Numbers that another seed would give.
return flow "talk_random_next" {
    task "work" (function(s, ctx)
        local first = {}
        for i = 1, 8 do first[i] = math.random(1000000) end
        local name, same = "randomseed", true
        if math[name] then
            math[name](42)
            for i = 1, 8 do same = same and first[i] == math.random(1000000) end
        else
            same = false
        end
        return not same
    end),
}
