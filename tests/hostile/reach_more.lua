-- expect: completed ""
-- More names that lead outside, in the environment and in the libraries.
return flow "reach_more" {
    task "work" (function(s, ctx)
        local found, env = {}, _ENV
        for name in ("_G rawget rawset warn setfenv getfenv unpack host use _VERSION arg"):gmatch("%S+") do
            if env[name] ~= nil then found[#found + 1] = name end
        end
        for name in ("execute exit getenv remove rename setlocale tmpname"):gmatch("%S+") do
            if env.os[name] ~= nil then found[#found + 1] = name end
        end
        return table.concat(found, " ")
    end),
}
