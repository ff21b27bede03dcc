-- chunk: an author's text to a function: compiled, and read by lint, once per content: a worker
-- remembers the texts in which nothing was found. What is wrong becomes findings of that file. The
-- environment is one for all files of a run: what a flow may use, guarded.
local host, use = ...
local events = use "events"
local fault = use "fault"
local findings = use "findings"
local guard = use "guard"
local vocabulary = use "vocabulary"

-- fresh: some text of this run was read by lint
local chunk = { fresh = false }

local texts = {} -- of this run: {source, file}

-- Made before any flow is known, so that it is part of the state that a worker begins with.
local function make_globals()
    local globals = host.globals()
    vocabulary.add(globals)
    globals.print = events.print
    globals.require = function(name)
        return use("modules").require(name) -- modules are compiled here, so it comes later
    end
    return globals
end

local globals = make_globals()
local environment = guard.environment(globals)

-- lint and syntax are needed for texts that are new, so a warm run does without them.
local function read(source, file)
    texts[#texts + 1] = { source = source, file = file }
    if not host.known(source, file) then
        chunk.fresh = true
        use("lint").source(source, file, globals)
    end
end

-- The file's main function; or nil and what is wrong, which is a finding already.
function chunk.compile(source, file)
    local before = findings.enter(file)
    fault.know_file(file)
    local main, message, line = host.compile(source, file, environment)
    if main then
        read(source, file)
    else
        message = message:gsub("^.-:%d+: ", "", 1)
        use("syntax").tell(source, message, line)
    end
    findings.enter(before)
    return main, main and "" or ("%s:%d: %s"):format(file, line or 0, message)
end

-- Nothing was found in all that was compiled.
function chunk.remember()
    for _, text in ipairs(texts) do
        host.remember(text.source, text.file)
    end
end

return chunk
