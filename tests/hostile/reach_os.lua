-- expect: completed "clock date difftime time"
-- What is left of os.
return flow "reach_os" {
    task "work" (function(s, ctx)
        local names = {}
        for name in pairs(os) do names[#names + 1] = name end
        table.sort(names)
        return table.concat(names, " ")
    end),
}
