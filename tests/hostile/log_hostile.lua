-- expect: completed 1
-- Log lines of odd values: a cycle, metamethods, bytes that are no text.
return flow "log_hostile" {
    task "work" (function(s, ctx)
        local cycle = {}
        cycle.cycle = cycle
        print(cycle, "\xff\0", 0 / 0, print, coroutine.running(), ctx.null)
        ctx.log(setmetatable({}, { __name = "x\0y", __index = function() while true do end end }))
        ctx.log(("\xff"):rep(30000))
        return 1
    end),
}
