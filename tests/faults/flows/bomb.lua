-- Wants more memory than a run may have.
return flow "bomb" {
    task "before" (function(_, ctx) ctx.emit("mark", { branch = "main", n = 1 }) end),
    task "grow" (function()
        local all = {}
        for i = 1, 1e9 do
            all[i] = ("x"):rep(65536) .. i
        end
        return #all
    end),
}
