-- expect: net.denied line 5 saying "is loopback"
-- A hundred requests at once.
local branches = {}
for i = 1, 100 do
    branches[i] = task("t" .. i)(function(s, ctx) return ctx.http.get("http://127.0.0.1:1/") end)
end
return flow "net_parallel" { parallel "all" (branches) }
