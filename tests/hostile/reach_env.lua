-- expect: completed ""
-- The names that a flow finds of what leads outside.
return flow "reach_env" {
    task "work" (function(s, ctx)
        local found = {}
        local env = _ENV
        for _, name in ipairs { "load", "loadstring", "dofile", "loadfile", "io", "debug", "package",
                                "collectgarbage", "module", "newproxy", "jit" } do
            if select(2, pcall(function() return env[name] end)) ~= nil and pcall(function() return env[name] end) then
                if env[name] ~= nil then found[#found + 1] = name end
            end
        end
        return table.concat(found, " ")
    end),
}
