-- expect: lua line 4 saying "C stack overflow"
-- Sub-steps in sub-steps without end.
return flow "deep_steps" {
    task "work" (function(_, ctx)
        local function f() return ctx.step("again", f) end
        return f()
    end),
}
