-- Cases of what authors get wrong in options: each is told, where it is. lib/judge.lua tells more.
local function task(option)
    return ("return flow \"a\" {\n  task \"b\" { run = function() end, %s } }"):format(option)
end

local function flow(option)
    return ("return flow \"a\" { %s,\n  task \"b\" (function() end) }"):format(option)
end

local function one(name, text, says)
    return { name = name, flow = text,
             expect = { findings = { "error option.type 2" }, says = says } }
end

local function of_flow(name, text, says)
    return { name = name, flow = text,
             expect = { findings = { "error option.type 1" }, says = says } }
end

return {
    one("a factor is a number", task "retry = { factor = \"two\" }", { "factor must be a number" }),
    one("a factor is at least one", task "retry = { factor = 0.5 }", { "from 1 to 1000" }),
    one("jitter is true or false", task "retry = { jitter = 5 }", { "jitter must be true" }),
    one("on takes patterns", task "retry = { on = { 5 } }", { "on must be a list of patterns" }),
    one("retry is a number or a table", task "retry = \"often\"", { "retry must be a number" }),
    one("catch takes clauses", task "catch = 5", { "catch must be a list of on clauses" }),
    one("catch takes no step", task "catch = task \"c\" (function() end)", { "got a task" }),
    one("catch takes closed clauses", task "catch = { on \"*\" }", { "an empty one" }),
    one("catch takes clauses only", task "catch = { on \"*\" {}, x = 1 }", { "clauses only" }),
    one("when is a function", task "when = true", { "when must be" }),
    one("undo is a function", task "undo = {}", { "undo must be" }),
    one("about is a text", task "about = 5", { "about must be" }),
    of_flow("entries is a table", flow "entries = 5", { "entries must be a table" }),
    of_flow("entries are names", flow "entries = { [1] = \"b\" }", { "node ids and step names" }),
    of_flow("vars is a table", flow "vars = 5", { "vars must be a table" }),
    of_flow("a variable's flags are true or false", flow "vars = { x = { runtime = 1 } }",
            { "vars.x.runtime must be true or false" }),
    of_flow("a variable's id is a text", flow "vars = { x = { id = 1 } }", { "must be a string" }),
    of_flow("input is a table", flow "input = 5", { "input: must be a table of shapes" }),
    { name = "a duration has a bound",
      flow = task "timeout = \"1000d\"",
      expect = { findings = { "error duration.invalid 2" }, says = { "is over 366 days" } } },
    { name = "a timeout is more than nothing",
      flow = task "timeout = \"0s\"",
      expect = { findings = { "error duration.invalid 2" }, says = { "is zero" } } },
    { name = "final codes cannot be caught, and that is told",
      flow = task "catch = { on \"cancelled\" {} }",
      expect = { findings = { "error pattern.unknown 2" }, says = { "cannot be caught" } } },
    { name = "an unknown code of a known family is told with the nearest",
      flow = task "catch = { on \"net.dsn\" {} }",
      expect = { findings = { "error pattern.unknown 2" }, says = { 'did you mean \\"dns\\"?' } } },
    { name = "a choice needs branches, a when its predicate",
      flow = "return flow \"a\" {\n  choice \"c\" {},\n"
          .. "  choice \"d\" { when \"x\" { task \"t\" (function() end) } } }",
      expect = { findings = { "error run.missing 2:3", "error option.type 3:16" } } },
    { name = "an option's name is no table",
      flow = "return flow \"a\" { task \"b\" { run = function() end, [{}] = 1 } }",
      expect = { findings = { "error option.unknown 1" },
                 says = { "an option's name is a table" } } },
    { name = "an option that is given twice is told",
      flow = task "timeout = \"1s\", timeout = \"2s\"",
      expect = { findings = { "warning option.duplicate 2" } } },
    { name = "a write to an outer local is found",
      flow = "local count = 0\nreturn flow \"a\" { task \"b\" (function()\n  count = count + 1\n"
          .. "end) }",
      expect = { findings = { "error local.write 3:3" } } },
    { name = "a library that is not there is found",
      flow = "return flow \"a\" { task \"b\" (function()\n  return io.open(\"x\"), os.exit(1),\n"
          .. "    string.dump(print), math.foo(1), require \"socket\" == nil\nend) }",
      expect = { findings = { "error library.missing 2:10", "error library.missing 2:24",
                              "error library.missing 3:5", "error library.missing 3:25",
                              "error module.unknown 3:46" } } },
    { name = "an unknown global is found, with the nearest",
      flow = "return flow \"a\" { task \"b\" (function()\n  return tostrin(1)\nend) }",
      expect = { findings = { "error global.unknown 2:10" },
                 says = { 'did you mean \\"tostring\\"?' } } },
    { name = "s.x of a later step is found",
      flow = "return flow \"a\" {\n  task \"b\" (function(s) return s.c end),\n"
          .. "  task \"c\" (function(s) return s.b end) }",
      expect = { findings = { "error state.unknown 2:34" } } },
    { name = "s.x in every callback is looked at",
      flow = [[return flow "a" {
  task "b" { when = function(s) return s.x1 end,
    input = function(s) return s.x2 end,
    output = function(s) return s.x3 end,
    undo = function(s) return s.x4 end,
    run = function() end },
  map "m" { over = function(s) return s.x5 end,
    task "t" (function(s) return s.item, s.index, s.b end) },
  loop "l" { done = function(s) return s.x6 or s.u end,
    task "u" (function(s) return s.index or s.u end) },
  choice "c" { when("w", function(s) return s.x7 end) { task "t" (function() end) } },
  task "z" { run = function(s) return s.err end,
    catch = on "*" { task "h" (function(s) return s.err, s.m, s.errors.m end) } } }]],
      expect = { findings = { "error state.unknown 2:42", "error state.unknown 3:34",
                              "error state.unknown 4:35", "error state.unknown 5:33",
                              "error state.unknown 7:41", "error state.unknown 9:42",
                              "error state.unknown 11:47", "error state.unknown 12:41" } } },
}
