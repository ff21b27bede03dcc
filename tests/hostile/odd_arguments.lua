-- expect: completed "asked"
-- Every function of ctx with odd values in every place: an error or an answer, and nothing else.
local NAMES = { "log", "progress", "output", "chunk", "emit", "sleep", "fail", "step", "secret",
                "deadline", "now", "uuid", "random", "sha256", "hmac_sha256", "array", "object",
                "log.debug", "http.get", "http.request", "time.iso", "time.parse", "json.encode",
                "json.decode", "base64.encode", "base64.decode", "hex.encode", "hex.decode",
                "url.encode" }

local function odd_values(s, ctx)
    local cycle = {}
    cycle[1], cycle.key = cycle, cycle
    local function broken() error(setmetatable({}, { __tostring = error })) end
    local trap = setmetatable({}, { __index = broken, __len = broken, __pairs = broken,
                                    __tostring = broken, __concat = broken, __eq = broken })
    return { 0 / 0, 1 / 0, -1 / 0, math.mininteger, math.maxinteger, -0.0, 1e308, 2 ^ 53, "", "\0",
             "\xff\xfe", ("x"):rep(70000), "1e999", "99999999999d", "%s%n", true, false, cycle, trap,
             s, ctx, ctx.null, ctx.secret "api", print, coroutine.create(print), {}, { [1] = 1, x = 2 },
             { [2 ^ 53] = 1 }, { [ctx.null] = 1 }, ctx.array {}, task "t" }
end

return flow "odd_arguments" {
    task "work" (function(s, ctx)
        local values = odd_values(s, ctx)
        for _, name in ipairs(NAMES) do
            local call = ctx
            for part in name:gmatch("%w+_?%w*") do call = call[part] end
            pcall(call)
            for _, a in pairs(values) do
                pcall(call, a)
                pcall(call, a, a)
                pcall(call, "x", a)
                pcall(call, "a.b", "x", a)
                pcall(call, "http://127.0.0.1:1/", { headers = a, query = a, json = a, timeout = a, expect = a })
                pcall(call, "http://127.0.0.1:1/", { headers = { x = a }, query = { x = a }, body = a, method = a })
            end
        end
        return "asked"
    end),
}
