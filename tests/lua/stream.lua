-- Cases of stream_state: durations are the machine's, so they are compared as words in the events.
return {
    { name = "a failing attempt and the one after it are both told",
      stream = true,
      flow = [[return flow "a" { task "b" { retry = { attempts = 2, on = { "*" } },
        run = function(_, ctx) if ctx.attempt == 1 then ctx.fail("my.code", "no") end end } }]],
      expect = { events = {
          [[node_start {"attempt":1,"kind":"task","name":"b","node_id":"b"}]],
          [[run:run1 {"method":"add","nodeIds":["b"],"runId":"run1"}]],
          [[node_end {"attempt":1,"duration_ms":~,"error":{"code":"my.code","message":"no"},]]
          .. [["node_id":"b","status":"failed"}]],
          [[run:run1 {"method":"remove","nodeIds":["b"],"runId":"run1"}]],
          [[node_start {"attempt":2,"kind":"task","name":"b","node_id":"b"}]],
          [[run:run1 {"method":"add","nodeIds":["b"],"runId":"run1"}]],
          [[node_end {"attempt":2,"duration_ms":~,"node_id":"b","status":"completed"}]],
          [[run:run1 {"method":"remove","nodeIds":["b"],"runId":"run1"}]],
      } } },
    { name = "a caught step ends as caught, its handler as completed",
      stream = true,
      flow = [[return flow "a" { task "b" { run = function(_, ctx) ctx.fail("my.code", "no") end,
        catch = on "my.*" { task "h" (function() end) } } }]],
      expect = { events = {
          [[node_start {"attempt":1,"kind":"task","name":"b","node_id":"b"}]],
          [[run:run1 {"method":"add","nodeIds":["b"],"runId":"run1"}]],
          [[node_start {"attempt":1,"kind":"task","name":"h","node_id":"b/catch/h"}]],
          [[run:run1 {"method":"add","nodeIds":["b/catch/h"],"runId":"run1"}]],
          [[node_end {"attempt":1,"duration_ms":~,"node_id":"b/catch/h","status":"completed"}]],
          [[run:run1 {"method":"remove","nodeIds":["b/catch/h"],"runId":"run1"}]],
          [[node_end {"attempt":1,"duration_ms":~,"error":{"code":"my.code","message":"no"},]]
          .. [["node_id":"b","status":"caught"}]],
          [[run:run1 {"method":"remove","nodeIds":["b"],"runId":"run1"}]],
      } } },
    { name = "a skipped step only ends, a failed one fails its parents",
      stream = true,
      flow = [[return flow "a" { task "b" { when = function() end, run = function() end },
        seq "q" { task "c" (function() error("x") end) } }]],
      expect = { code = "lua", step = "q/c", events = {
          [[node_end {"attempt":1,"duration_ms":~,"node_id":"b","status":"skipped"}]],
          [[node_start {"attempt":1,"kind":"seq","name":"q","node_id":"q"}]],
          [[run:run1 {"method":"add","nodeIds":["q"],"runId":"run1"}]],
          [[node_start {"attempt":1,"kind":"task","name":"c","node_id":"q/c"}]],
          [[run:run1 {"method":"add","nodeIds":["q/c"],"runId":"run1"}]],
          [[node_end {"attempt":1,"duration_ms":~,"error":{"code":"lua","message":"x"},]]
          .. [["node_id":"q/c","status":"failed"}]],
          [[run:run1 {"method":"remove","nodeIds":["q/c"],"runId":"run1"}]],
          [[node_end {"attempt":1,"duration_ms":~,"error":{"code":"lua","message":"x"},]]
          .. [["node_id":"q","status":"failed"}]],
          [[run:run1 {"method":"remove","nodeIds":["q"],"runId":"run1"}]],
      } } },
    { name = "without stream_state nothing is told",
      flow = [[return flow "a" { task "b" (function() end) }]], expect = { events = {} } },
    { name = "a retry's pause that is cut short leaves no attempt open",
      stream = true,
      flow = [[return flow "a" { seq "q" { timeout = "3s",
        task "b" { retry = { attempts = 9, delay = "1h", jitter = false },
                   run = function(_, ctx) ctx.fail("net.dns", "x") end } } }]],
      expect = { code = "timeout", step = "q", events = {
          [[node_start {"attempt":1,"kind":"seq","name":"q","node_id":"q"}]],
          [[run:run1 {"method":"add","nodeIds":["q"],"runId":"run1"}]],
          [[node_start {"attempt":1,"kind":"task","name":"b","node_id":"q/b"}]],
          [[run:run1 {"method":"add","nodeIds":["q/b"],"runId":"run1"}]],
          [[node_end {"attempt":1,"duration_ms":~,"error":{"code":"net.dns","message":"x"},]]
          .. [["node_id":"q/b","status":"failed"}]],
          [[run:run1 {"method":"remove","nodeIds":["q/b"],"runId":"run1"}]],
          [[node_end {"attempt":1,"duration_ms":~,"error":{"code":"timeout",]]
          .. [["message":"step \"q\" took longer than 3s"},"node_id":"q","status":"failed"}]],
          [[run:run1 {"method":"remove","nodeIds":["q"],"runId":"run1"}]],
      } } },
}
