-- source: a flow's text on its way to a definition: compiled, run once, every mistake a finding.
-- The chunk runs in a strand under LOAD_MS, so that a hostile file is bounded.
-- load returns the root node, or nil when there is none to check.
local host, use = ...
local chunk = use "chunk"
local fault = use "fault"
local findings = use "findings"
local guard = use "guard"
local places = use "places"
local scheduler = use "scheduler"
local text = use "text"
local vocabulary = use "vocabulary"

local source = {}

local LOAD_MS = 5000
-- What lint tells of a line, and better than the error that follows from it.
local GLOBALS = { "global.unknown", "global.write", "library.missing" }
local HINT = 'end the file with return flow "name" { ... }'

local function failed(status, value, file, line)
    local known = findings.errors > 0
    if status == "timeout" then
        findings.error("timeout", "loading took longer than 5 s", 0,
                       "a flow file only defines; work belongs into a step")
    else
        local failure = fault.raised(value, file, line)
        local after = known and "it may follow from the findings above" or ""
        local where = { file = failure.file or "", line = failure.line }
        local missing = failure.message:match("^require: (no module .*)$")
        if missing then
            where.column = places.require_on(where.file, where.line)
            findings.error("module.unknown", missing, where, "")
        elseif not findings.told(where, GLOBALS) then
            findings.error("lua", failure.message, where, after)
        end
    end
end

local function root_of(count, value)
    local node = vocabulary.nodes[value]
    if count ~= 1 then
        findings.error("flow.missing", ("the file must return one flow, it returns %d values")
                       :format(count), 0, HINT)
    elseif not node or node.kind ~= "flow" then
        local got = node and text.a(node.kind) or text.a(type(value))
        findings.error("flow.missing", "the file must return a flow, it returns " .. got,
                       node or 0, HINT)
    elseif not node.closed then
        findings.error("run.missing", "the flow has no body", node, HINT)
    else
        return node
    end
end

-- Runs the chunk to its end; modules are all that it may ask for.
local function run(main)
    local thread, deadline = host.strand(main), host.mono_ms() + LOAD_MS
    local ended = table.pack(host.resume(thread, deadline))
    while ended[1] == "wait" and ended[2] == "fetch" do
        ended = table.pack(host.resume(thread, deadline,
                                       scheduler.fetch_now(ended[3], ended[4])))
    end
    return ended
end

local function load(file, code)
    local main = chunk.compile(code, file)
    if not main then
        return nil
    end
    guard.loading = true
    local ended = run(main)
    guard.loading = false
    if ended[1] ~= "done" then
        return failed(ended[1], ended[2], ended[3] or file, ended[4])
    end
    local root = root_of(ended.n - 1, ended[2])
    if root then
        root.file = file
    end
    return root
end

function source.load(file, code)
    local before = findings.enter(file)
    local root = load(file, code)
    findings.enter(before)
    return root
end

return source
