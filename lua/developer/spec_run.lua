-- spec_run: run(flow, opts) of a spec: one flow from its start to its end, on a worker of its own.
-- The strand that called it suspends with an exchange: what it asks of the supervisor, and what
-- comes back: a request of the flow's, which a mock answers here, or the end of the run.
local host, use = ...
local asserting = use "spec_assert"
local duration = use "duration"
local fault = use "fault"
local mocks = use "spec_mocks"
local show = use "spec_show"
local spelling = use "spelling"
local text = use "text"

local run = {}

local OPTIONS = { input = true, vars = true, http = true, clock = true, user = true,
                  profile = true, event = true, entry = true, stream_state = true, timeout = true }
local EVENT = { id = true, name = true, description = true, board_id = true, node_id = true,
                event_type = true, event_version = true, inputs = true }
local FRAME_MAX = 7 * 1024 * 1024
local TIMEOUT_MS = 15 * 60 * 1000 -- the most that a Lambda invocation holds
local ANSWER_EARLY_MS = 250       -- the supervisor gives up before the test does, and says why

run.flows_dir = "flows" -- as the caller of the command knows it

-- The test that runs: {at, runs, active, answering, problems, last}; nil outside of one.
local test

-- at: when its time is up, on the monotonic clock.
function run.begin(at)
    test = { at = at, runs = 0, problems = {} }
end

local function exchange(message, body)
    local head, _, reason = host.encode(message, FRAME_MAX)
    if not head then
        fault.misuse("run: " .. reason)
    elseif #head + #body > FRAME_MAX then
        fault.misuse("run: over 7 MB for one message")
    end
    local reply, reply_body = host.suspend("exchange", head, body)
    local ok, value = host.decode(reply)
    if not ok then
        fault.misuse("run: what the run left cannot be read: " .. value)
    end
    return value, reply_body
end

local function stop_active()
    if test.active then
        test.active = false
        exchange({ stop = true }, "")
    end
end

-- The test is over: what it did not say by itself, as text, or nil. Runs in a strand.
function run.finish()
    stop_active()
    local over = test
    test = nil
    return over.problems[1]
end

-- A run calls the folder by its last name alone: "flows/hello.lua".
local function path_of(file)
    return run.flows_dir .. file:gsub("^[^/]*", "", 1)
end

-- What the last run of the test came to, when it failed: for the reader of a failed test.
function run.note()
    local it = test and test.last and test.last.error
    if it then
        local where = it.file and it.line
            and (" (%s:%d)"):format(path_of(it.file), it.line) or ""
        return ("the last run failed with %s: %s%s"):format(it.code, it.message, where)
    end
end

-- options ----------------------------------------------------------------------------------------

local function must(opts, name, kind, hint)
    local value = opts[name]
    if value ~= nil and type(value) ~= kind then
        fault.misuse(("run: %s must be %s, got %s%s"):format(name, text.a(kind), show.brief(value),
                     hint and "; " .. hint or ""))
    end
    return value
end

-- Any JSON goes as text in a string (context.h); nil stays nil.
local function json_of(name, value)
    if value == nil then
        return nil
    end
    local json, _, reason = host.encode(value, FRAME_MAX)
    return json or fault.misuse(("run: %s cannot be JSON: %s"):format(name, reason))
end

local function variables_of(opts)
    local list = {}
    for _, name in ipairs(show.sorted_keys(must(opts, "vars", "table") or {})) do
        list[#list + 1] = { id = tostring(name), name = tostring(name),
                            json = json_of("vars." .. tostring(name), opts.vars[name]) }
    end
    return { runtime = host.array(list), event = host.array(list) }
end

-- What a flow may know of its event.
local function event_of(opts)
    for name in pairs(must(opts, "event", "table") or {}) do
        if not EVENT[name] then
            fault.misuse(("run: a flow knows no field %s of its event: %s"):format(
                         show.brief(name), spelling.hint(text.show(name), EVENT)))
        end
    end
    return json_of("event", opts.event)
end

local function timeout_of(opts)
    if opts.timeout == nil then
        return TIMEOUT_MS
    end
    local ms, reason = duration.parse(opts.timeout)
    return ms or fault.misuse(("run: timeout %s; %s"):format(reason, duration.HINT))
end

local function clock_of(opts)
    if opts.clock ~= nil and opts.clock ~= "skip" and opts.clock ~= "real" then
        fault.misuse('run: clock is "skip" or "real", got ' .. show.brief(opts.clock))
    end
    return opts.clock ~= "real"
end

local function check(flow, opts)
    if not test then
        fault.misuse("run belongs into it(...) or a hook around it")
    elseif test.answering then
        fault.misuse("run cannot be called while a mock answers")
    elseif type(flow) ~= "string" then
        fault.misuse("run: argument 1 must be a flow's name, got " .. show.brief(flow))
    elseif type(opts) ~= "table" then
        fault.misuse("run: argument 2 must be a table of options, got " .. show.brief(opts))
    end
    for name in next, opts do
        if not OPTIONS[name] then
            fault.misuse(("run: unknown option %s: %s"):format(show.brief(name),
                         spelling.hint(text.show(name), OPTIONS)))
        end
    end
end

local function user_of(opts)
    local user = must(opts, "user", "table")
    return user and type(user.id) == "string" and user.id or "test"
end

local function order_of(flow, opts)
    return { run = {
        flow = flow,
        id = ("test-%d"):format(test.runs),
        user = user_of(opts),
        entry = must(opts, "entry", "string") or "start",
        skip = clock_of(opts),
        timeout_ms = timeout_of(opts),
        budget_ms = math.max(1, test.at - host.mono_ms() - ANSWER_EARLY_MS),
        context = {
            stream_state = must(opts, "stream_state", "boolean") or false,
            user = json_of("user", opts.user), profile = json_of("profile", opts.profile),
            event = event_of(opts),
            variables = variables_of(opts),
        },
    } }
end

local function payload_of(opts)
    return json_of("input", opts.input) or "null"
end

-- requests ---------------------------------------------------------------------------------------

local function unescape(s)
    return (s:gsub("+", " "):gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
    end))
end

-- name -> value, or a list of values when it is there several times.
local function query_of(url)
    local out = {}
    for pair in (url:match("%?([^#]*)") or ""):gmatch("[^&]+") do
        local name, value = pair:match("^([^=]*)=?(.*)$")
        name, value = unescape(name), unescape(value)
        local known = out[name]
        if type(known) == "table" then
            known[#known + 1] = value
        else
            out[name] = known == nil and value or { known, value }
        end
    end
    return out
end

-- A secret's place is shown in its stead: "Bearer <secret:billing>" (secret.lua).
local function reveal(value)
    if type(value) ~= "table" then
        return value
    elseif value.concat then
        local parts = {}
        for i, part in ipairs(value.concat) do
            parts[i] = reveal(part)
        end
        return table.concat(parts)
    end
    local how, inner = next(value)
    if how == "url" then -- escaped for its place
        return reveal(inner)
    end
    return ("<%s:%s>"):format(how, reveal(how == "hmac_sha256" and inner.data or inner))
end

local function request_of(head, body)
    local headers = {}
    for name, value in pairs(head.headers or {}) do
        headers[name:lower()] = reveal(value)
    end
    if head.body ~= nil then -- one with a secret in it
        body = reveal(head.body)
    end
    local kind = headers["content-type"]
    local json
    if body ~= "" and (not kind or kind:lower():find("json", 1, true)) then
        local ok, value = host.decode(body)
        json = ok and value or nil
    end
    return { method = head.method, url = reveal(head.url), headers = headers, body = body,
             json = json }
end

-- Asks the mocks; an error of the author's function ends the flow and is raised.
local function answer(set, request, timeout_ms)
    local asked = { query = query_of(request.url), timeout_ms = timeout_ms }
    for name, value in pairs(request) do
        asked[name] = value
    end
    test.answering = true
    local ok, given, problem = pcall(mocks.answer, set, asked)
    test.answering = false
    if not ok then
        stop_active()
        error(given, 0)
    elseif problem then
        test.problems[#test.problems + 1] = problem
    end
    return given
end

-- the end ----------------------------------------------------------------------------------------

-- Ends the test, whatever the spec does about the error.
local function spoil(message)
    test.problems[#test.problems + 1] = message
    asserting.fail(message)
end

local function refuse_findings(flow, findings)
    local lines = { ('run: the flow "%s" does not load'):format(flow) }
    for _, it in ipairs(findings) do
        if it.severity == "error" then
            local where = (it.file or "") ~= "" and it.line and it.line > 0
                and ("%s:%d: "):format(path_of(it.file), it.line) or ""
            lines[#lines + 1] = ("  %s%s [%s]"):format(where, it.message, it.code)
            if (it.hint or "") ~= "" then
                lines[#lines + 1] = "    " .. it.hint
            end
        end
    end
    asserting.fail(table.concat(lines, "\n"))
end

local function refuse_unknown(reply)
    local known = {}
    for _, name in ipairs(reply.known or {}) do
        known[name] = true
    end
    asserting.fail(("run: %s\n  %s"):format(reply.message, spelling.hint(reply.flow, known)))
end

local function error_of(it)
    local function given(value)
        return value ~= "" and value ~= 0 and value or nil
    end
    return { code = it.code, message = it.message, step = given(it.step), file = given(it.file),
             line = given(it.line), attempt = given(it.attempt), data = it.data }
end

local function result_of(it, calls)
    local result = { status = it.completed and "completed" or "failed", output = it.output,
                     events = it.events, progress = it.progress, calls = calls,
                     waited_ms = it.waited_ms }
    if not it.completed then
        result.error = error_of(it)
    end
    test.last = result
    return result
end

local function conclude(flow, reply, calls, problem)
    if reply.unknown then
        refuse_unknown(reply.unknown)
    elseif reply.findings then
        refuse_findings(flow, reply.findings)
    elseif reply.stuck then
        spoil(("run: the flow \"%s\" %s"):format(flow, reply.stuck))
    end
    local result = result_of(reply.ended, calls)
    if problem then
        asserting.fail(problem)
    end
    return result
end

-- The word itself.
function run.run(flow, opts)
    opts = opts == nil and {} or opts
    check(flow, opts)
    stop_active()
    test.runs = test.runs + 1
    local set = mocks.new(opts.http or {})
    local known = #test.problems
    local calls = {}
    local order, payload = order_of(flow, opts), payload_of(opts)
    test.active = true
    local reply, body = exchange(order, payload)
    while reply.http do
        local request = request_of(reply.http, body)
        calls[#calls + 1] = request
        local given = answer(set, request, reply.http.timeout_ms or math.huge)
        reply, body = exchange({ answer = { after_ms = given.after_ms, head = given.head } },
                               given.body)
    end
    test.active = false
    return conclude(flow, reply, calls, test.problems[known + 1])
end

return run
