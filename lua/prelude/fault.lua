-- fault: what goes wrong in a run: {code, message, data_text, file, line, step, attempt, trace}.
-- In an author's hands it is an error value with code, message and data, raised by ctx functions;
-- whatever a strand ended with becomes a fault here, without running the author's metamethods.
local host, use = ...
local pattern = use "pattern"
local text = use "text"

local fault = {}

local MESSAGE_MAX = 4000
local CODE_MAX = 128

-- Error values made here, with what only the prelude may know about them.
local made = setmetatable({}, { __mode = "k" })
local meta = {
    __name = "error",
    __metatable = "error",
    __tostring = function(value)
        return tostring(value.code) .. ": " .. tostring(value.message)
    end,
}

-- Raises an error value in the author's code; extra: {retry_after}.
function fault.raise(code, message, data, extra)
    local value = setmetatable({ code = code, message = message, data = data }, meta)
    extra = extra or {}
    extra.file, extra.line = host.where(1)
    made[value] = extra
    error(value, 0)
end

-- Whether value is an error value made here.
function fault.is(value)
    return made[value] ~= nil
end

-- Raises a plain error at the author's line: a ctx function was called the wrong way.
function fault.misuse(message)
    local file, line = host.where(1)
    error(file and ("%s:%d: %s"):format(file, line, message) or message, 0)
end

function fault.new(code, message, fields)
    local new = fields or {}
    new.code = text.clean(code, CODE_MAX)
    new.message = text.clean(message, MESSAGE_MAX)
    return new
end

-- The authors' files, as Lua names them in messages: long names are shortened there.
local files = {}

function fault.know_file(file)
    files[file] = file
    files[#file < 60 and file or "..." .. file:sub(-56)] = file
end

-- Takes "file:line: " off a message: the rest, and the file and line to blame, or nil.
local function without_position(message)
    local shown, line, rest = message:match("^([^\n]-):(%d+): (.*)$")
    if files[shown] then
        return rest, files[shown], math.tointeger(tonumber(line))
    end
    return message
end

local function plain(value, place)
    local kind = type(value)
    if kind == "string" or kind == "number" then
        local message, blamed, at = without_position(tostring(value))
        place.file, place.line = blamed or place.file, at or place.line
        return fault.new("lua", message, place)
    end
    local what = kind == "nil" and "nil" or text.a(kind)
    return fault.new("lua", "error value is " .. what, place)
end

-- What a strand ended with, as a fault. trace: lines of the authors' frames; frame: whose it is.
function fault.raised(value, file, line, trace, frame)
    local place = { file = file or frame and frame.root.file, line = line, trace = trace }
    local inner = frame and frame.inner_failure
    if inner and rawequal(inner.value, value) then
        place.step = inner.path
    end
    local extra = made[value]
    if not extra or type(value.code) ~= "string" or pattern.is_reserved(value.code) then
        return plain(value, place)
    end
    place.file, place.line = extra.file or place.file, extra.line or place.line
    place.retry_after = extra.retry_after
    place.data_text = value.data ~= nil and host.encode(value.data, host.limits.event) or nil
    local message = type(value.message) == "string" and value.message or text.show(value.message)
    return fault.new(value.code, message, place)
end

-- A deadline passed; only the node that set it may retry or catch this, and nobody the run's own.
function fault.timeout(deadline, frame)
    if deadline.whole then
        return fault.new("timeout", "Execution timeout", { owner = deadline, step = frame.path,
            attempt = frame.attempt, file = frame.root.file, line = frame.node.line })
    end
    local message = ('step "%s" took longer than %s'):format(deadline.name, deadline.text)
    return fault.new("timeout", message, { owner = deadline })
end

-- A sibling failed: ends everything up to the node that both stand in.
function fault.cancelled(frame)
    return fault.new("cancelled", "a step beside it failed", { owner = frame.group })
end

-- As s.err shows it to a handler.
function fault.view(it)
    local seen = { code = it.code, message = it.message, step = it.step, line = it.line }
    if it.data_text then
        local _, data = host.decode(it.data_text)
        seen.data = data
    end
    return seen
end

return fault
