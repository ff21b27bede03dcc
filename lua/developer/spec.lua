-- spec: runs a spec file: loads its tree of tests, then each test with the hooks around it.
-- Every function of the author's runs in a strand under a limit of real time, so that a test that
-- hangs ends alone. What happens is told by events: plan, begin, end.
local host, use = ...
local asserting = use "spec_assert"
local events = use "events"
local fault = use "fault"
local findings = use "findings"
local guard = use "guard"
local modules = use "modules"
local run = use "spec_run"
local scheduler = use "scheduler"
local show = use "spec_show"
local spelling = use "spelling"
local text = use "text"
local tree = use "spec_tree"

local spec = {}

local LOAD_MS = 2000
local MESSAGE_MAX = 16000
local JSON_MAX = 6 * 1024 * 1024
local DESCRIBED_MAX = 1024 * 1024
local NO_LIMIT_MS = -1

local context -- {first, filter, limit_ms, flows_dir}
local source_name
local selected = {}
local last_id = 0

-- globals ----------------------------------------------------------------------------------------

local json = {}

function json.encode(value)
    local encoded, _, reason = host.encode(value == nil and host.null or value, JSON_MAX)
    return encoded or fault.misuse("json.encode: " .. reason)
end

function json.decode(source)
    if type(source) ~= "string" then
        fault.misuse("json.decode: argument 1 must be a string, got " .. type(source))
    end
    local ok, value = host.decode(source)
    if not ok then
        fault.misuse("json.decode: " .. value)
    end
    return value
end

-- An empty table is an object unless it is said to be a list.
local function typed(name, mark)
    return function(value)
        if type(value) ~= "table" then
            fault.misuse(("json.%s: argument 1 must be a table, got %s"):format(name, type(value)))
        end
        return mark(value)
    end
end

json.array = typed("array", host.array)
json.object = typed("object", host.object)

-- A name that is not there is a typing mistake; a new one belongs into a local.
local function sealed(globals)
    return setmetatable({}, {
        __metatable = false,
        __index = function(_, name)
            local value = globals[name]
            if value == nil then
                fault.misuse(("there is no global '%s': %s"):format(text.show(name),
                             spelling.hint(text.show(name), globals)))
            end
            return value
        end,
        __newindex = function(_, name)
            fault.misuse(("global '%s' cannot be set in a spec: write `local %s`"):format(
                         text.show(name), text.show(name)))
        end,
    })
end

local function make_environment()
    local globals = host.globals()
    tree.add(globals)
    globals.assert = asserting.assert
    globals.run = run.run
    globals.null = host.null
    globals.json = json
    globals.print = events.print
    globals.require = modules.require
    return sealed(globals)
end

-- loading ----------------------------------------------------------------------------------------

local function select_tests(filter)
    for _, test in ipairs(tree.tests) do
        local wanted = not filter or tree.full_name(test):find(filter) ~= nil
        selected[test.n] = wanted and test.n >= (context.first or 1)
    end
end

local function check_filter(filter)
    local ok, problem = pcall(string.find, "", filter)
    if not ok then
        findings.error("filter.invalid", problem, 0, "--filter takes a Lua pattern")
    end
    return ok
end

-- Whatever the file did but end: a finding.
local function refuse_load(status, value, file, line)
    if status == "timeout" then
        findings.error("timeout", "loading took longer than 2 s", 0,
                       "a spec file only describes; work belongs into it(...)")
    elseif status == "wait" then
        findings.error("lua", "waits while it loads", 0, "work belongs into it(...)")
    elseif asserting.is_failure(value) then
        findings.error("lua", value.message, { file = value.file, line = value.line },
                       "assertions belong into it(...)")
    else
        local failure = fault.raised(value, file, line)
        findings.error("lua", failure.message, { file = failure.file, line = failure.line })
    end
end

local function load_chunk(name, source)
    local chunk, message, line = host.compile(source, name, make_environment())
    if not chunk then
        findings.error("syntax", message:gsub("^.-:%d+: ", "", 1), line, "the file is no Lua")
        return
    end
    local thread, at = host.strand(chunk), host.mono_ms() + LOAD_MS
    local ended = table.pack(host.resume(thread, at))
    while ended[1] == "wait" and ended[2] == "fetch" do
        ended = table.pack(host.resume(thread, at, scheduler.fetch_now(ended[3], ended[4])))
    end
    if ended[1] ~= "done" then
        refuse_load(table.unpack(ended, 1, ended.n))
    end
end

local function described()
    return host.encode({ name = "", timeout_ms = host.null, entries = host.array({}),
                         findings = host.array(findings.sorted()) }, DESCRIBED_MAX)
end

-- As main.load: what is wrong with the file, and whether it may run.
function spec.load(name, source, given)
    context = given
    source_name = name
    run.flows_dir = given.flows_dir
    fault.know_file(name)
    findings.enter(name)
    if not given.filter or check_filter(given.filter) then
        load_chunk(name, source)
    end
    tree.loading, guard.loading = false, false
    if findings.errors == 0 then
        select_tests(given.filter)
    end
    return described(), findings.errors == 0
end

-- running ----------------------------------------------------------------------------------------

local serve = { fetch = scheduler.fetch_now }

-- Sends what a strand asks, and waits for what it gets.
function serve.exchange(head, body)
    last_id = last_id + 1
    host.request(last_id, head, body)
    local id, reply, reply_body
    repeat
        id, reply, reply_body = host.wait(NO_LIMIT_MS)
    until id == last_id
    return reply, reply_body
end

local call

-- An error value that is a table, as text; its __tostring is the author's, so in a strand.
local function show_value(value)
    local problem, shown = call(function()
        local meta = getmetatable(value)
        local own = type(meta) == "table" and rawget(meta, "__tostring")
        return own and tostring(value) or show.value(value)
    end, host.mono_ms() + LOAD_MS)
    return problem and "error value is a table" or "error: " .. shown
end

local function broken(status, value, file, line, trace)
    if status == "timeout" then
        return { message = ("took longer than %g s: an endless loop?"):format(
                 context.limit_ms / 1000) }
    elseif status == "wait" then
        return { message = "waited for something that a spec cannot wait for" }
    elseif asserting.is_failure(value) then
        return { message = value.message, file = value.file, line = value.line }
    elseif tree.pending_reason(value) then
        return { pending = true, message = tree.pending_reason(value) }
    end
    local failure = fault.raised(value, file, line)
    if type(value) == "table" and not fault.is(value) then
        failure.message = show_value(value)
    end
    local called = type(trace) == "string" and trace:gsub("^[^\n]*\n?", "", 1) or ""
    return { file = failure.file, line = failure.line, message = failure.message
             .. (called ~= "" and "\n  called from " .. called:gsub("\n", "\n  and from ") or "") }
end

-- Runs f in a strand until `at`: nil and its result, or a problem {message, file, line, pending}.
function call(f, at)
    local strand = host.strand(f)
    local ended = table.pack(host.resume(strand, at))
    while ended[1] == "wait" and serve[ended[2]] do
        ended = table.pack(host.resume(strand, at, serve[ended[2]](ended[3], ended[4])))
    end
    if ended[1] == "done" then
        return nil, ended[2]
    end
    return broken(table.unpack(ended, 1, ended.n))
end

local function time_limit()
    return host.mono_ms() + context.limit_ms
end

-- The hooks of a list, until one has a problem.
local function hooks(list, at, word)
    for _, f in ipairs(list) do
        local problem = call(f, at)
        if problem then
            problem.message = problem.pending and problem.message or word .. ": " .. problem.message
            return problem
        end
    end
end

local function hooks_in_run(list, word)
    local at = time_limit()
    run.begin(at)
    local problem = hooks(list, at, word)
    local _, late = call(run.finish, time_limit())
    return problem or late and { message = word .. ": " .. late }
end

-- before_all of the blocks around a test that were not entered yet.
local function enter(test)
    for _, block in ipairs(tree.blocks(test)) do
        if not block.entered then
            block.entered = true
            block.problem = hooks_in_run(block.before_all, "before_all")
        end
        if block.problem then
            return block.problem
        end
    end
end

-- What stands behind a test whatever became of it.
local function leave(test)
    local at, problem = time_limit(), nil
    if tree.finally then
        problem = hooks({ tree.finally }, at, "finally")
        tree.finally = nil
    end
    local blocks = tree.blocks(test)
    for i = #blocks, 1, -1 do
        problem = hooks(blocks[i].after_each, at, "after_each") or problem
    end
    return problem
end

local function body(test)
    local at = time_limit()
    run.begin(at)
    local problem
    for _, block in ipairs(tree.blocks(test)) do
        problem = problem or hooks(block.before_each, at, "before_each")
    end
    problem = problem or call(test.f, at)
    local note = problem and not problem.pending and run.note()
    local after = leave(test)
    local broke, late = call(run.finish, time_limit())
    problem = problem or after or broke
    if late and not (problem and problem.message:find(late, 1, true)) then
        problem = { message = late }
    elseif note and not late then
        problem.message = problem.message .. "\n  " .. note
    end
    return problem
end

-- U+0000 does not get through JSON's readers.
local function printable(s)
    return (text.clean(s, MESSAGE_MAX):gsub("%z", "\u{FFFD}"))
end

local function tell(kind, fields)
    for name, value in pairs(fields) do
        fields[name] = type(value) == "string" and printable(value) or value
    end
    for i, block in ipairs(fields.path or {}) do
        fields.path[i] = printable(block)
    end
    host.event(kind, host.encode(fields, host.limits.event))
end

local function finish(name, path, test, problem, started)
    local status = not problem and "passed" or problem.pending and "pending" or "failed"
    tell("end", { n = test.n, name = name, path = host.array(path), status = status,
                  ms = host.mono_ms() - started, test_line = test.line or 0,
                  file = problem and problem.file or test.file or source_name,
                  line = problem and problem.line or test.line or 0,
                  message = problem and problem.message or "" })
end

local function begin(name, path, test)
    host.mark(text.clean(name, 500), 0)
    tell("begin", { n = test.n, name = name, path = host.array(path), line = test.line or 0 })
    return host.mono_ms()
end

local function run_test(test)
    local path = tree.path(test)
    local started = begin(test.name, path, test)
    local problem
    if test.f then
        problem = enter(test) or body(test)
    else
        problem = { pending = true, message = test.reason }
    end
    finish(test.name, path, test, problem, started)
end

-- after_all of a block that was entered; its failure is reported like that of a test.
local function close(block, path, last)
    if not block.entered or #block.after_all == 0 then
        return
    end
    local started = begin("after_all", path, last)
    local problem = hooks_in_run(block.after_all, "after_all")
    if problem then
        finish("after_all", path, last, problem, started)
    end
end

local function run_block(block, path)
    local last
    for _, item in ipairs(block.items) do
        if item.items then
            local inner = table.move(path, 1, #path, 1, {})
            inner[#inner + 1] = item.name
            last = run_block(item, inner) or last
        elseif selected[item.n] then
            run_test(item)
            last = item
        end
    end
    if last then
        close(block, path, last)
    end
    return last
end

function spec.run()
    local count = 0
    for _, wanted in ipairs(selected) do
        count = count + (wanted and 1 or 0)
    end
    tell("plan", { tests = count, first = context.first or 1 })
    events.begin()
    run_block(tree.root, {})
    return { completed = true, output = "{}" }
end

return spec
