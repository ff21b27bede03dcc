-- spin: never ends by itself, in the way that its input names.
return flow "spin" {
    input = { how = "string" },
    timeout = "10m",
    task "turn" (function(s, ctx)
        if s.input.how == "loop" then
            while true do end
        elseif s.input.how == "memory" then
            local all = {}
            while true do all[#all + 1] = ("x"):rep(100000) .. #all end
        elseif s.input.how == "sleep" then
            ctx.sleep("1h")
        elseif s.input.how == "native" then
            return (("a"):rep(40)):find(("a*"):rep(30) .. "b")
        end
    end),
}
