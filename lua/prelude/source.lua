-- source: a flow's text on its way to a definition: compiled, run once, every mistake a finding.
-- The chunk runs in a strand under LOAD_MS, so that a hostile file is bounded.
-- load returns the root node, or nil when there is none to check.
local host, use = ...
local events = use "events"
local fault = use "fault"
local findings = use "findings"
local guard = use "guard"
local kinds = use "kinds"
local vocabulary = use "vocabulary"

local source = {}

local LOAD_MS = 2000

-- The last line before this one (or itself, up to the word) that holds more than a comment.
local function line_before(text, line)
    local number, last = 0, line
    for content in (text .. "\n"):gmatch("(.-)\r?\n") do
        number = number + 1
        if number >= line then
            break
        elseif content:find("%S") and not content:find("^%s*%-%-") then
            last = number
        end
    end
    return last
end

-- Two entries of a table without a comma between them are a syntax error near the second's name.
local function syntax(text, message, line)
    message = message:gsub("^.-:%d+: ", "", 1)
    local word = message:match("^'}' expected.* near '([%a_][%w_]*)'$")
    if word then
        local what = kinds[word] and "step" or "entry"
        findings.error("comma.missing", ("a comma is missing before '%s'"):format(word), line,
                       ("put a comma after the %s that ends on line %d"):format(
                       what, line_before(text, line)))
    else
        findings.error("syntax", message, line, "the file is no Lua")
    end
end

-- Made before any flow is known, so that it is part of the state that a worker begins with.
local function make_environment()
    local globals = host.globals()
    vocabulary.add(globals)
    globals.print = events.print
    return guard.environment(globals)
end

local environment = make_environment()

local function failed(status, value, file, line)
    local known = findings.errors > 0
    if status == "timeout" then
        findings.error("timeout", "loading took longer than 2 s", 0,
                       "a flow file only defines; work belongs into a step")
    else
        local failure = fault.raised(value, file, line)
        local after = known and "it may follow from the findings above" or ""
        findings.error("lua", failure.message, failure.line, after)
    end
end

local HINT = 'end the file with return flow "name" { ... }'

local function root_of(count, value)
    local node = vocabulary.nodes[value]
    if count ~= 1 then
        findings.error("flow.missing", ("the file must return one flow, it returns %d values")
                       :format(count), 0, HINT)
    elseif not node or node.kind ~= "flow" then
        local got = node and "a " .. node.kind or "a " .. type(value)
        findings.error("flow.missing", "the file must return a flow, it returns " .. got,
                       node and node.line or 0, HINT)
    elseif not node.closed then
        findings.error("run.missing", "the flow has no body", node.line, HINT)
    else
        return node
    end
end

function source.load(name, text)
    fault.source = name
    local chunk, message, line = host.compile(text, name, environment)
    if not chunk then
        return syntax(text, message, line)
    end
    local ended = table.pack(host.resume(host.strand(chunk), host.mono_ms() + LOAD_MS))
    guard.loading = false
    if ended[1] ~= "done" then
        return failed(ended[1], ended[2], ended[3], ended[4])
    end
    return root_of(ended.n - 1, ended[2])
end

return source
