-- chunk: an author's text to a function: compiled, and its text checked, once per content.
-- What is wrong becomes findings of that file; a missing comma is called that. The environment is
-- one for all files of a run: what a flow may use, guarded.
local host, use = ...
local events = use "events"
local fault = use "fault"
local findings = use "findings"
local guard = use "guard"
local kinds = use "kinds"
local vocabulary = use "vocabulary"

local chunk = {}

-- The last line before this one (or itself, up to the word) that holds more than a comment.
local function line_before(source, line)
    local number, last = 0, line
    for content in (source .. "\n"):gmatch("(.-)\r?\n") do
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
local function tell_syntax(source, message, line)
    local word = message:match("^'}' expected.* near '([%a_][%w_]*)'$")
    if word then
        local what = kinds[word] and "step" or "entry"
        findings.error("comma.missing", ("a comma is missing before '%s'"):format(word), line,
                       ("put a comma after the %s that ends on line %d"):format(
                       what, line_before(source, line)))
    else
        findings.error("syntax", message, line, "the file is no Lua")
    end
end

-- Made before any flow is known, so that it is part of the state that a worker begins with.
local function make_environment()
    local globals = host.globals()
    vocabulary.add(globals)
    globals.print = events.print
    globals.require = function(name)
        return use("modules").require(name) -- modules are compiled here, so it comes later
    end
    return guard.environment(globals)
end

local environment = make_environment()

-- The file's main function; or nil and what is wrong, which is a finding already.
function chunk.compile(source, file)
    local before = findings.enter(file)
    fault.know_file(file)
    local main, message, line = host.compile(source, file, environment)
    if not main then
        message = message:gsub("^.-:%d+: ", "", 1)
        tell_syntax(source, message, line)
    end
    findings.enter(before)
    return main, main and "" or ("%s:%d: %s"):format(file, line or 0, message)
end

return chunk
