-- Cases of vars and of ctx.step. lib/judge.lua tells the fields.
local FLOW = [[return flow "a" {
  vars = { limit = { default = 25, runtime = true }, note = { default = "n", exposed = true },
           fixed = { default = { 1, 2 } }, none = {} },
  task "t" (function(_, ctx) local v = ctx.vars
    return { v.limit, v.note, v.fixed, v.none == nil } end) }]]

return {
    { name = "variables have their defaults", flow = FLOW,
      expect = { output = '[25,"n",[1,2],true]' } },
    { name = "a runtime variable replaces a runtime one, by name", flow = FLOW,
      variables = [[{"runtime":[{"id":"v1","name":"limit","json":"7"}]}]],
      expect = { output = '[7,"n",[1,2],true]' } },
    { name = "by id", flow = FLOW,
      variables = [[{"runtime":[{"id":"limit","name":"Limit","json":"{\"a\":null}"}]}]],
      expect = { output = '[{"a":null},"n",[1,2],true]' } },
    { name = "an id counts more than a name", flow = FLOW,
      variables = [[{"runtime":[{"id":"x","name":"limit","json":"1"},
        {"id":"limit","name":"x","json":"2"}]}]],
      expect = { output = '[2,"n",[1,2],true]' } },
    { name = "an event variable replaces an exposed one only", flow = FLOW,
      variables = [[{"event":[{"id":"note","name":"note","json":"\"e\""},
        {"id":"limit","name":"limit","json":"1"},{"id":"fixed","name":"fixed","json":"2"}]}]],
      expect = { output = '[25,"e",[1,2],true]' } },
    { name = "a runtime variable does not replace an exposed one", flow = FLOW,
      variables = [[{"runtime":[{"id":"note","name":"note","json":"\"r\""}]}]],
      expect = { output = '[25,"n",[1,2],true]' } },
    { name = "a runtime one that is exposed, too, listens to the runtime alone",
      flow = [[return flow "a" { vars = { x = { default = 1, runtime = true, exposed = true } },
        task "t" (function(_, ctx) return ctx.vars.x end) }]],
      variables = [[{"event":[{"id":"x","name":"x","json":"2"}]}]],
      expect = { output = "1" } },
    { name = "an exposed secret cannot be overridden",
      flow = [[return flow "a" { vars = { x = { default = 1, exposed = true, secret = true } },
        task "t" (function(_, ctx) return ctx.vars.x end) }]],
      variables = [[{"event":[{"id":"x","name":"x","json":"2"}]}]],
      expect = { output = "1" } },
    { name = "a null of the message is null",
      flow = FLOW, variables = [[{"runtime":[{"id":"limit","name":"limit","json":"null"}]}]],
      expect = { output = '[null,"n",[1,2],true]' } },
    { name = "a declared id is used in the place of the name",
      flow = [[return flow "a" { vars = { x = { id = "v-1", default = 1, runtime = true } },
        task "t" (function(_, ctx) return ctx.vars.x end) }]],
      variables = [[{"runtime":[{"id":"v-1","name":"y","json":"3"}]}]],
      expect = { output = "3" } },
    { name = "variables are read-only",
      flow = [[return flow "a" { vars = { x = { default = {} } },
        task "t" (function(_, ctx) ctx.vars.x.y = 1 end) }]],
      expect = { code = "lua", says = { "read-only" } } },
    { name = "a called flow has its own variables",
      files = { ["other.lua"] = [[return flow "other" {
        vars = { limit = { default = 1, runtime = true }, own = { default = "o" } },
        task "t" (function(_, ctx) return { ctx.vars.limit, ctx.vars.own } end) }]] },
      flow = [[return flow "a" { vars = { limit = { default = 2 } }, call "c" { flow = "other" },
        task "z" (function(s, ctx) return { s.c, ctx.vars.limit, ctx.vars.own == nil } end) }]],
      variables = [[{"runtime":[{"id":"limit","name":"limit","json":"9"}]}]],
      expect = { output = '[[9,"o"],2,true]' } },
    { name = "mistakes in vars are found",
      flow = [[return flow "a" { vars = { x = 5, ["a b"] = {}, y = { defualt = 1 },
          z = { runtime = 1 }, f = { default = print } }, task "t" (function() end) }]],
      expect = { findings = { "error option.type 1:28", "error name.invalid 1:36",
                              "error option.unknown 1:55", "error option.type 2:17",
                              "error option.type 2:38" },
                 says = { 'did you mean \\"default\\"?' } } },
    -- ctx.step
    { name = "a sub-step's result goes through JSON, and is the step's to use",
      flow = [[return flow "a" { task "t" (function(_, ctx)
        local a = ctx.step("one", function() return { n = 1 } end)
        local b = ctx.step("two", function() return a.n + 1 end)
        return { a, b, ctx.step("none", function() end) == nil } end) }]],
      expect = { output = '[{"n":1},2,true]' } },
    { name = "a repeated name gets its number",
      stream = true,
      flow = [[return flow "a" { task "t" (function(_, ctx)
        for _ = 1, 2 do ctx.step("s", function() end) end end) }]],
      expect = { events = {
        'node_start {"attempt":1,"kind":"task","name":"t","node_id":"t"}',
        'run:run1 {"method":"add","nodeIds":["t"],"runId":"run1"}',
        'node_start {"attempt":1,"kind":"step","name":"s","node_id":"t/s"}',
        'run:run1 {"method":"add","nodeIds":["t/s"],"runId":"run1"}',
        'node_end {"attempt":1,"duration_ms":~,"node_id":"t/s","status":"completed"}',
        'run:run1 {"method":"remove","nodeIds":["t/s"],"runId":"run1"}',
        'node_start {"attempt":1,"kind":"step","name":"s","node_id":"t/s:2"}',
        'run:run1 {"method":"add","nodeIds":["t/s:2"],"runId":"run1"}',
        'node_end {"attempt":1,"duration_ms":~,"node_id":"t/s:2","status":"completed"}',
        'run:run1 {"method":"remove","nodeIds":["t/s:2"],"runId":"run1"}',
        'node_end {"attempt":1,"duration_ms":~,"node_id":"t","status":"completed"}',
        'run:run1 {"method":"remove","nodeIds":["t"],"runId":"run1"}' } } },
    { name = "a sub-step may wait and ask",
      flow = [[return flow "a" { task "t" (function(_, ctx)
        return ctx.step("s", function() ctx.sleep("2s")
          return ctx.http.get("https://a.test/").json end) end) }]],
      replies = { { body = "5" } }, expect = { output = "5", waited = { 1900, 2100 } } },
    { name = "an error in a sub-step is the task's and names the sub-step",
      flow = "return flow \"a\" { task \"t\" (function(_, ctx)\n"
          .. "  ctx.step(\"s\", function()\n    ctx.fail(\"sub.bad\", \"no\") end) end) }",
      expect = { code = "sub.bad", step = "t/s", line = 3 } },
    { name = "a plain error in a sub-step, too",
      flow = "return flow \"a\" { task \"t\" (function(_, ctx)\n"
          .. "  ctx.step(\"s\", function()\n    error(\"no\") end) end) }",
      expect = { code = "lua", message = "no", step = "t/s", line = 3 } },
    { name = "an error of a sub-step that was caught blames nobody later",
      flow = [[return flow "a" { task "t" (function(_, ctx)
        pcall(ctx.step, "s", function() error("x") end)
        error("y") end) }]],
      expect = { code = "lua", message = "y", step = "t" } },
    { name = "a sub-step's result must be JSON",
      flow = [[return flow "a" { task "t" (function(_, ctx)
        ctx.step("s", function() return { f = print } end) end) }]],
      expect = { code = "result.invalid", says = { 'result of step "s": f:' } } },
    { name = "a step's timeout ends its sub-steps",
      flow = [[return flow "a" { task "t" { timeout = "2s", run = function(_, ctx)
        ctx.step("s", function() ctx.sleep("1m") end) end } }]],
      expect = { code = "timeout", waited = { 1900, 2100 } } },
    { name = "wrong arguments of ctx.step are told",
      flow = [[return flow "a" { task "t" (function(_, ctx)
        local _, a = pcall(ctx.step, "a b", function() end)
        local _, b = pcall(ctx.step, "s", 5)
        ctx.log(a) ctx.log(b) end) }]],
      expect = { says = {} } },
}
