-- expect: completed "asked"
-- Every function of every library with odd values in every place.
local function odd_values()
    local cycle = {}
    cycle[1], cycle.key = cycle, cycle
    local function broken() error({}) end
    local trap = setmetatable({}, { __index = broken, __newindex = broken, __len = broken,
                                    __pairs = broken, __tostring = broken, __lt = broken, __call = broken })
    return { 0 / 0, 1 / 0, -1, 0, 1, math.mininteger, 1e308, "", "\0", "\xff", "%", "%b", "[", "(()", "%f",
             "!16", "*t", "%c", true, cycle, trap, print, coroutine.create(print), coroutine.running(), {} }
end

return flow "odd_library" {
    task "work" (function()
        local values, env = odd_values(), _ENV
        for library in ("string table math utf8 os coroutine"):gmatch("%w+") do
            for name, call in pairs(env[library]) do
                if type(call) == "function" and name ~= "yield" then
                    pcall(call)
                    for _, a in pairs(values) do
                        pcall(call, a)
                        for _, b in pairs(values) do
                            pcall(call, a, b)
                            pcall(call, a, b, 1)
                            pcall(call, a, 1, b)
                        end
                    end
                end
            end
        end
        return "asked"
    end),
}
