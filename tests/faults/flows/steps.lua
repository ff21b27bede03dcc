-- Marks from several steps, a retry and a map's branches: the order holds in each branch.
local function mark(ctx, branch, n)
    ctx.emit("mark", { branch = branch, n = n })
end

return flow "steps" {
    input = { branches = "integer" },
    task "first" (function(_, ctx) mark(ctx, "main", 1) end),
    task "again" {
        retry = { attempts = 3, delay = "5ms", on = { "not.yet" } },
        run = function(_, ctx)
            if ctx.attempt < 3 then
                ctx.fail("not.yet")
            end
            mark(ctx, "main", 2)
        end,
    },
    map "fan" {
        over = function(s)
            local items = {}
            for i = 1, s.input.branches do
                items[i] = i
            end
            return items
        end,
        max = 4,
        task "one" (function(s, ctx)
            for n = 1, 3 do
                mark(ctx, "b" .. s.item, n)
                ctx.sleep("3ms")
            end
            return s.item
        end),
    },
    task "last" (function(s, ctx)
        mark(ctx, "main", 3)
        return #s.fan
    end),
}
