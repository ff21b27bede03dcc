-- expect: completed "close create isyieldable resume running status wrap yield|clock date difftime time|byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper|concat insert move pack remove sort unpack|char charpattern codepoint codes len offset"
-- Every name of the libraries (but of math, which is safe), so that a new one is seen.
return flow "reach_libraries" {
    task "work" (function(s, ctx)
        local all = {}
        for i, library in ipairs { coroutine, os, string, table, utf8 } do
            local names = {}
            for name in pairs(library) do names[#names + 1] = name end
            table.sort(names)
            all[i] = table.concat(names, " ")
        end
        return table.concat(all, "|")
    end),
}
