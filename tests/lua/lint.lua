-- Cases of lint: what a flow's text tells, alone and with its tree; and, as important, what is
-- right and must not be told of. lib/judge.lua tells the fields; findings may have columns.
local function steps(text)
    return 'return flow "a" {\n' .. text .. "\n}"
end

local function body(text)
    return steps('task "t" (function(s, ctx)\n' .. text .. "\nend)")
end

local function finds(name, flow, findings, says)
    return { name = name, flow = flow, expect = { findings = findings, says = says } }
end

-- Such a flow may load and complete; only its findings are looked at.
local function fine(name, flow, input)
    return { name = name, flow = flow, payload = input, expect = { findings = {} } }
end

return {
    -- globals
    finds("an unknown global is told with the nearest one", body "pirnt(1)",
          { "error global.unknown 3:1" }, { 'did you mean \\"print\\"?' }),
    finds("each use of an unknown global is told",
          body "foo()\nlocal x = 1 + foo\nreturn x, foo.bar",
          { "error global.unknown 3:1", "error global.unknown 4:15", "error global.unknown 5:11" }),
    finds("habits of other languages are told what Lua has", body "return null",
          { "error global.unknown 3:8" }, { "ctx.null" }),
    finds("a global that is tested may be missing",
          body "local a = foo or 1\nif foo then a = 2 end\nreturn not foo == a and foo == nil",
          { "warning global.unknown 3:11", "warning global.unknown 4:4",
            "warning global.unknown 5:12" }),
    finds("s and ctx are no globals", steps 'task "t" (function() return s.input, ctx end)',
          { "error global.unknown 2:29", "error global.unknown 2:38" },
          { "write function(s, ctx)" }),
    fine("locals, parameters, loop variables and fields are no globals", body [[
local a, b <const>, c <close> = 1, 2, nil
local function f(x, ...) return x + b, ... end
for i = 1, 1 do a = i end
for k, v in pairs({ unknown = 1 }) do a = k .. v end
repeat local last = a until last
goto done
::done::
do local _ENV = { free = 1 }; a = free end
local t = { field = a, ["key"] = c, f }
function t.method() end
function t:other() return self.field end
return #t]]),
    finds("a local begins behind its statement",
          body "local x = x\nlocal function f() return f, x end",
          { "error global.unknown 3:11" }),
    finds("a local ends with its block", body "do local x = 1; print(x) end\nreturn x",
          { "error global.unknown 4:8" }),
    finds("a loop's condition sees its locals",
          body "repeat local x = 1 until x\nwhile y do local y end",
          { "error global.unknown 4:7" }),
    finds("a global that is written is told once for each place",
          body "x = 1\nx = 2\nreturn x", { "error global.write 3:1", "error global.write 4:1" },
          { "write `local x`" }),
    finds("a table that is written over lines is told where it begins", "t = {\n1,\n}\n" .. body "",
          { "error global.write 1:1" }),
    finds("a function that is a global is told at its name", "function f() end\n" .. body "",
          { "error global.write 1:10" }),
    finds("libraries are not written", body "string.trim = 1\nfunction table.copy() end",
          { "error global.write 3:1", "error global.write 4:10" },
          { "'string.trim' cannot be changed by a flow" }),
    -- libraries
    finds("libraries out of reach are told with what to use", body [[
io.open("x")
os.execute("x")
os.getenv("x")
local f = load, require
debug.traceback(f)
string.dump(f)]],
          { "error library.missing 3:1", "error library.missing 4:1", "error library.missing 5:1",
            "warning library.missing 6:11", "error library.missing 7:1",
            "error library.missing 8:1" },
          { "ctx.http", "ctx.vars", "flows/lib/name.lua" }),
    finds("a function that a library never had is told with the nearest one",
          body "return string.fromat('x'), table['concta']()",
          { "error library.missing 3:8", "error library.missing 3:28" },
          { 'did you mean \\"format\\"?', 'did you mean \\"concat\\"?' }),
    fine("a local with a library's name is the author's",
         "local io = { open = print }\n" .. body "local os = io\nos.open() io.open()"),
    -- writes in steps
    finds("a local outside of the step is not written in it",
          "local n = 0\n" .. body "n = n + 1\nreturn n", { "error local.write 4:1" },
          { "'n' is declared outside of the step" }),
    finds("nor by a function in the step", "local n = 0\n" .. body
          "table.sort({}, function(a, b) n = 1; return a < b end)", { "error local.write 4:31" }),
    finds("nor by a function that is the step", [[
local n = 0
local function bump()
  n = n + 1
end
return flow "a" { task "t" { run = bump } }]], { "error local.write 3:3" }),
    finds("nor in a predicate, an option or a handler", "local n\n" .. steps [[
choice "c" { when("w", function() n = 1 return true end) {
  task "u" { run = function() end, undo = function() n = 2 end,
    catch = { on "*" { task "v" (function() n = 3 end) } } } } }]],
          { "error local.write 3:35", "error local.write 4:54", "error local.write 5:45" }),
    finds("a function that is given to another one is only warned of",
          "local n, wrap = 0, function(f) return f end\n"
          .. steps 'task "t" { run = wrap(function() n = n + 1 end) }',
          { "warning local.write 3:34" }),
    fine("a step's own locals are its own", body [[
local n, list = 0, {}
local function add() n = n + 1; list[n] = n end
add()
for i = 1, 2 do n = i end
return n]]),
    fine("locals are written freely where a flow is made", [[
local made, count = {}, 0
local function add(name)
  count = count + 1
  made[count] = task(name) (function() return name end)
end
add "x" add "y"
for i = 1, 2 do count = i end
return flow "a" { made[1], made[2] }]]),
    finds("s is not written in a step", body "s.x = 1\ns.input.y = 2\ns['z'] = 3\ns[1] = 4",
          { "error state.write 3:3", "error state.write 4:3", "error state.write 5:3",
            "error state.write 6:3" }, { "s.x is written, but s is read-only" }),
    fine("other tables are written, and s that is another one", body [[
local t, s2 = {}, s
t.x = 1
local function f(s) s.x = 1; return s end
do local s = {}; s.y = s2.input end
return f(t)]]),
    fine("a parameter that gets another value is not s any more", body [[
s = { x = 1 }
s.y = s.x + s.z
return s.y]]:gsub("s%.z", "1")),
    -- s.<name>
    finds("a step that is not there is told with the nearest one",
          steps 'task "fetch" (function() end),\ntask "t" (function(s) return s.fecth end)',
          { "error state.unknown 3:32" }, { 'did you mean \\"fetch\\"?' }),
    finds("a later step has no result yet",
          steps 'task "t" (function(s) return s.later end),\ntask "later" (function() end)',
          { "error state.unknown 2:32" }, { "on line 3 is no step before this one" }),
    finds("a step inside another one is not seen outside", steps [[
seq "outer" { task "inner" (function() end) },
task "t" (function(s) return s.inner, s.outer end)]], { "error state.unknown 3:32" }),
    finds("s is looked into wherever it goes by its name", body [[
local function f() return s.a, s["b"] end
return f(), s.c.d[1], s:e()]],
          { "error state.unknown 3:29", "error state.unknown 3:34", "error state.unknown 4:15",
            "error state.unknown 4:25" }),
    finds("whatever the parameter is called", steps 'task "t" (function(state) return state.x end)',
          { "error state.unknown 2:40" }, { "state.x" }),
    finds("item, index and err are where they are", steps [[
map "m" { over = function(s) return s.item end,
  task "one" (function(s) return s.item, s.index, s.err end) },
task "t" { run = function(s) return s.err end,
  catch = { on "*" { task "h" (function(s) return s.err, s.item end) } } }]],
          { "error state.unknown 2:39", "error state.unknown 3:53", "error state.unknown 4:39",
            "error state.unknown 5:60" }),
    finds("predicates and options see what their step sees", steps [[
task "first" (function() end),
choice "c" { when("w", function(s) return s.first or s.frist end) {
  task "u" { when = function(s) return s.c end, run = function() end } } }]],
          { "error state.unknown 3:56", "error state.unknown 4:42" }),
    finds("a named function is looked into when it is a step", [[
local function run(s)
  return s.nothing
end
return flow "a" { task "t" (run) }]], { "error state.unknown 2:12" }),
    fine("a function that no step is may have any parameter", [[
local function name_of(s) return s.name end
return flow "a" { task "t" (function(s)
  return name_of(s.input), (function(x) return x.y end)({})
end) }]], '{"name":"x"}'),
    finds("steps on one line see what any of them sees", [[
return flow "a" { task "x" (function(s) return s.y end), task "y" (function(s) return s.z end),
  task "z" (function(s) return s.y end) }]],
          { "error state.unknown 1:50", "error state.unknown 1:89" }),
    fine("one function that makes many steps is judged by all of them", [[
local function step(name)
  return task(name) (function(s)
    return s.one
  end)
end
return flow "a" { task "one" (function() end), step "two", step "three" }]]),
    fine("a function on one line with others is not judged", [[
local get = function(x) return x.name end return flow "a" { task "t" (function() get({}) end) }]]),
    fine("loops see the pass before, undo what came after", steps [[
loop "l" { max = 1, done = function(s) return s.b end,
  task "a" (function(s) return s.b end),
  task "b" { undo = function(s) return s.c, s.a end, run = function() return true end },
  task "c" (function(s) return s.index, s.a end) }]]),
    -- texts
    finds("an option that stands twice is told", steps [[
task "t" { retry = 1, run = function() end,
  retry = 2 }]], { "warning option.duplicate 3:3" }),
    finds("columns are of the option that is wrong", steps [[
task "t" { timeout = "soon", retry = { delay = "soon", on = { "lmit" } },
  run = function() end }]],
          { "error duration.invalid 2:12", "error duration.invalid 2:40",
            "error pattern.unknown 2:56" }),
    finds("columns are of the entry that is wrong",
          steps '  task "x" (function() end), 5,\n  seq "s" { on "*" {} }',
          { "error option.type 2:30", "error option.type 3:13" }),
    finds("a computed name has the line of its word",
          'local name = "in" .. "put"\n' .. steps 'task(name) (function() end)',
          { "error name.invalid 3:1" }),
    finds("lines end as Lua's do", "local a = [[\r\n\r\n]] \\\n", { "error syntax 3:4" }),
    finds("a comma that is missing is told where the next entry begins",
          steps '  task "x" { run = function() end\n  -- comment\n    timeout = "1s" }',
          { "error comma.missing 4:5" }, { "the entry that ends on line 2" }),
    finds("a missing comma between arguments, too",
          steps 'choice "c" { when("w" function() end) {} }', { "error comma.missing 2:23" }),
    finds("a word that is nearly a keyword is told", body "fro i = 1, 2 do end",
          { "error syntax 3:5" }, { 'did you mean \\"for\\"?' }),
    finds("what other languages write is told",
          body "if s ~= nil && s then end", { "error syntax 3:14" }, { "both is `and` in Lua" }),
    finds("a string without end is told where it begins", body "local x = 'abc\nreturn x",
          { "error syntax 3:11" }),
    finds("a long string without end is told where it begins", body "local x = [[abc\nreturn x",
          { "error syntax 3:11" }),
    finds("what follows from a finding is not told again", "pirnt(1)\n" .. body "",
          { "error global.unknown 1:1" }),
    finds("a step's body may stand in parentheses", steps [[
task "x" ({ timeuot = "1s", run = function(s) return s.y end }),
seq("s")({ task("u")(function(s) if s.z then return 1 else return s.w end end), }) ]],
          { "error option.unknown 2:13", "error state.unknown 2:56", "error state.unknown 3:39",
            "error state.unknown 3:69" }),
    finds("a global that is not there has no fields to write", body "foo.x = 1\n--[[ long\n]]",
          { "error global.unknown 3:1" }),
    finds("a global is not written through an environment of one's own",
          "do local _ENV = _ENV; x = 1 end\n" .. body "", { "error global.write 1" }),
    { name = "nor in a step",
      flow = body "local _ENV = _ENV\nx = 1",
      expect = { code = "lua", line = 4, says = { "global 'x' cannot be created" } } },
    finds("what Lua expects is said", body "if s the return end", { "error syntax 3:6" },
          { "write then before the" }),
    finds("a comment without end is a syntax error", "local a = 1 --[[ abc",
          { "error syntax 1:12" }),
    finds("what is no place in the text has its line", body "goto nowhere", { "error syntax 4" }),
    finds("of many steps only some are listed", steps((("task 'a' (function() end),\n"):rep(50)
          :gsub("'a'", (function()
              local n = 0
              return function()
                  n = n + 1
                  return ("'step_number_%d'"):format(n)
              end
          end)())) .. "task 't' (function(s) return s.x end)"),
          { "error state.unknown 52:32" }, { "known: input step_number_1 ", "... (51)" }),
    finds("words that nobody can mean are compared with none",
          body("return " .. ("x"):rep(41)), { "error global.unknown 3:8" }),
    finds("a local is not a table of steps", "local x = nil\n" .. steps "x.y",
          { "error lua 4" }, { "attempt to index a nil value" }),
}
