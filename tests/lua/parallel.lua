-- Cases of parallel: branches side by side. lib/judge.lua tells the fields.
return {
    { name = "the result is an object by child",
      flow = [[return flow "a" { parallel "p" {
        task "x" (function() return 1 end), task "y" (function() return { 2 } end) },
        task "z" (function(s) return { s.p.x, s.p.y[1] } end) }]],
      expect = { output = "[1,2]" } },
    { name = "nil results are left out",
      flow = [[return flow "a" { parallel "p" {
        task "x" (function() end), task "y" (function() return false end) } }]],
      expect = { output = '{"y":false}' } },
    { name = "all nil is an empty object",
      flow = [[return flow "a" { parallel "p" { task "x" (function() end) } }]],
      expect = { output = "{}" } },
    { name = "sleeps overlap",
      flow = [[return flow "a" { parallel "p" {
        task "x" (function(_, ctx) ctx.sleep("10s") end),
        task "y" (function(_, ctx) ctx.sleep("7s") end),
        wait "z" "9s" } }]],
      expect = { waited = { 9000, 10100 } } },
    { name = "requests overlap, and each branch gets its own reply",
      flow = [[local function get(name) return task(name)(function(_, ctx)
          return ctx.http.get("https://a.test/" .. name).json end) end
        return flow "a" { parallel "p" { get "x", get "y", get "z" } }]],
      replies = { { body = "1", after = 9000 }, { body = "2", after = 4000 },
                  { body = "3", after = 6000 } },
      expect = { output = '{"x":1,"y":2,"z":3}', waited = { 8900, 9100 },
                 requests = { "GET https://a.test/x", "GET https://a.test/y",
                              "GET https://a.test/z" } } },
    { name = "max bounds how many are under way",
      flow = [[local function nap(name) return task(name)(function(_, ctx)
          ctx.log(name) ctx.sleep("5s") end) end
        return flow "a" { parallel "p" { max = 2, nap "x", nap "y", nap "z" } }]],
      expect = { waited = { 9900, 10200 }, events = { 'log {"message":"x"}', 'log {"message":"y"}',
                 'log {"message":"z"}' } } },
    { name = "max = 1 is one after the other",
      flow = [[return flow "a" { parallel "p" { max = 1,
        task "x" (function(_, ctx) ctx.sleep("1s") ctx.log("x") end),
        task "y" (function(_, ctx) ctx.log("y") end) } }]],
      expect = { events = { 'log {"message":"x"}', 'log {"message":"y"}' } } },
    { name = "the first failure stops the siblings at their next wait",
      flow = [[return flow "a" { parallel "p" {
        task "x" (function(_, ctx) ctx.log("x1") ctx.sleep("10s") ctx.log("x2") end),
        task "y" (function(_, ctx) ctx.sleep("1s") ctx.fail("y.bad", "no") end) } }]],
      expect = { code = "y.bad", step = "p/y", waited = { 900, 1100 },
                 events = { 'log {"message":"x1"}' } } },
    { name = "a failure keeps later ones from beginning",
      flow = [[return flow "a" { parallel "p" { max = 1,
        task "x" (function(_, ctx) ctx.fail("x.bad") end),
        task "y" (function(_, ctx) ctx.log("y") end) } }]],
      expect = { code = "x.bad", events = {} } },
    { name = "a sibling's request is abandoned",
      flow = [[return flow "a" { parallel "p" {
        task "x" (function(_, ctx) ctx.http.get("https://a.test/") end),
        task "y" (function(_, ctx) ctx.sleep("1s") error("y") end) } }]],
      replies = { { after = 60000 } },
      expect = { code = "lua", step = "p/y", abandoned = { 1 } } },
    { name = "a stopped sibling neither retries nor catches",
      flow = [[return flow "a" { parallel "p" {
        task "x" { retry = { attempts = 5, on = "*", delay = "0s" },
                   catch = on "*" { task "h" (function(_, ctx) ctx.log("h") end) },
                   run = function(_, ctx) pcall(ctx.sleep, "10s") ctx.sleep("10s") end },
        task "y" (function(_, ctx) ctx.sleep("1s") ctx.fail("y.bad") end) } }]],
      expect = { code = "y.bad", events = {} } },
    { name = "the parallel catches a branch's failure",
      flow = [[return flow "a" { parallel "p" {
        catch = on "y.*" { task "h" (function(s) return s.err.code .. " " .. s.err.step end) },
        task "x" (function(_, ctx) ctx.sleep("1m") end),
        task "y" (function(_, ctx) ctx.fail("y.bad") end) } }]],
      expect = { output = '"y.bad p/y"' } },
    { name = "the parallel retries all of its branches",
      flow = [[return flow "a" { parallel "p" { retry = { attempts = 2, delay = "0s", on = "y.*" },
        task "x" (function(_, ctx) ctx.log("x") end),
        task "y" (function(_, ctx) ctx.fail("y.bad") end) } }]],
      expect = { code = "y.bad", events = { 'log {"message":"x"}', 'log {"message":"x"}' } } },
    { name = "a timeout of the parallel stops every branch and is its own to catch",
      flow = [[return flow "a" { parallel "p" { timeout = "2s",
        catch = on "timeout" { task "h" (function() return "late" end) },
        task "x" (function(_, ctx) ctx.sleep("1m") end),
        seq "y" { task "z" { retry = { attempts = 3, on = "*" },
                             run = function(_, ctx) ctx.sleep("1m") end } } } }]],
      expect = { output = '"late"', waited = { 1900, 2200 } } },
    { name = "a branch that failed and was caught stops nobody",
      flow = [[return flow "a" { parallel "p" {
        task "x" (function(_, ctx) ctx.sleep("2s") return "x" end),
        task "y" { run = function() error("no") end,
                   catch = on "lua" { task "h" (function() return "h" end) } } } }]],
      expect = { output = '{"x":"x","y":"h"}' } },
    { name = "branches do not see each other's results",
      flow = [[return flow "a" { parallel "p" {
        task "x" (function() return 1 end),
        seq "q" { task "y" (function(s) return rawlen(s) == 0 and s["x"] == nil end) } } }]],
      expect = { findings = { "error state.unknown 3" } } },
    { name = "parallel in parallel",
      flow = [[local function nap(name) return task(name)(function(_, ctx)
          ctx.sleep("3s") return name end) end
        return flow "a" { parallel "p" { parallel "q" { nap "x", nap "y" },
                                         seq "r" { parallel "t" { nap "u", nap "v" } } } }]],
      expect = { output = '{"q":{"x":"x","y":"y"},"r":{"u":"u","v":"v"}}',
                 waited = { 2900, 3100 } } },
    { name = "a failure deep inside stops what is outside of it",
      flow = [[return flow "a" { parallel "p" {
        parallel "q" { task "x" (function(_, ctx) ctx.sleep("1s") error("deep") end),
                       task "y" (function(_, ctx) ctx.sleep("1h") end) },
        parallel "r" { task "u" (function(_, ctx) ctx.sleep("1h") end),
                       task "v" (function(_, ctx) ctx.sleep("1h") end) } } }]],
      expect = { code = "lua", message = "deep", step = "p/q/x", waited = { 900, 1100 } } },
    { name = "an inner failure that is caught outside of the inner parallel goes on",
      flow = [[return flow "a" { parallel "p" {
        parallel "q" { catch = on "*" { task "h" (function() return "saved" end) },
                       task "x" (function(_, ctx) ctx.sleep("1s") error("deep") end),
                       task "y" (function(_, ctx) ctx.sleep("1h") end) },
        task "z" (function(_, ctx) ctx.sleep("3s") return "z" end) } }]],
      expect = { output = '{"q":"saved","z":"z"}', waited = { 2900, 3100 } } },
    { name = "64 parallels in each other",
      flow = [[local t = task "t" (function(_, ctx) ctx.sleep("1s") return 1 end)
        for _ = 1, 62 do t = parallel "p" { t } end
        return flow "f" { t, task "z" (function() return "deep" end) }]],
      expect = { output = '"deep"' } },
    { name = "more than 16 requests wait for places",
      flow = [[local list = {}
        for i = 1, 40 do list[i] = task("t" .. i)(function(_, ctx)
          return ctx.http.get("https://a.test/").json end) end
        return flow "a" { parallel "p" (list), task "z" (function(s) return s.p.t40 end) }]],
      replies = (function()
          local list = {}
          for i = 1, 40 do
              list[i] = { body = tostring(i), after = 1000 }
          end
          return list
      end)(),
      expect = { output = "40", waited = { 2900, 3200 } } },
    { name = "with stream_state each branch has its node_start and node_end",
      stream = true,
      flow = [[return flow "a" { parallel "p" { task "x" (function() end),
        task "y" (function(_, ctx) ctx.sleep("1s") end) } }]],
      expect = { events = {
        'node_start {"attempt":1,"kind":"parallel","name":"p","node_id":"p"}',
        'run:run1 {"method":"add","nodeIds":["p"],"runId":"run1"}',
        'node_start {"attempt":1,"kind":"task","name":"x","node_id":"p/x"}',
        'run:run1 {"method":"add","nodeIds":["p/x"],"runId":"run1"}',
        'node_end {"attempt":1,"duration_ms":~,"node_id":"p/x","status":"completed"}',
        'run:run1 {"method":"remove","nodeIds":["p/x"],"runId":"run1"}',
        'node_start {"attempt":1,"kind":"task","name":"y","node_id":"p/y"}',
        'run:run1 {"method":"add","nodeIds":["p/y"],"runId":"run1"}',
        'node_end {"attempt":1,"duration_ms":~,"node_id":"p/y","status":"completed"}',
        'run:run1 {"method":"remove","nodeIds":["p/y"],"runId":"run1"}',
        'node_end {"attempt":1,"duration_ms":~,"node_id":"p","status":"completed"}',
        'run:run1 {"method":"remove","nodeIds":["p"],"runId":"run1"}' } } },
    { name = "a parallel needs children, and max a number",
      flow = [[return flow "a" { parallel "p" {}, parallel "q" { max = 0,
        task "t" (function() end) } }]],
      expect = { findings = { "error run.missing 1", "error option.type 1" } } },
}
