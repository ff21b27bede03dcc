-- fault: what goes wrong in a run: {code, message, data_text, file, line, step, attempt}.
-- In an author's hands it is an error value with code, message and data, raised by ctx functions;
-- whatever a strand ended with becomes a fault here, without running the author's metamethods.
local host, use = ...
local text = use "text"

local fault = { source = "" } -- source: the flow's file name, set when it loads

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

-- Raises an error value in the author's code.
function fault.raise(code, message, data, extra)
    local value = setmetatable({ code = code, message = message, data = data }, meta)
    made[value] = extra or {}
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

-- Lua shortens long chunk names in messages.
local function short_name(file)
    return #file < 60 and file or "..." .. file:sub(-56)
end

-- Takes "file:line: " off a message; the line named there is the one to blame.
local function without_position(message, file)
    for _, name in ipairs({ file, short_name(file) }) do
        if message:sub(1, #name + 1) == name .. ":" then
            local line, rest = message:match("^(%d+): (.*)$", #name + 2)
            if line then
                return rest, math.tointeger(tonumber(line))
            end
        end
    end
    return message, nil
end

local function plain(value, file, line)
    local kind = type(value)
    if kind == "string" or kind == "number" then
        local message, blamed = without_position(tostring(value), file)
        return fault.new("lua", message, { file = file, line = blamed or line })
    end
    local what = kind == "nil" and "nil" or text.a(kind)
    return fault.new("lua", "error value is " .. what, { file = file, line = line })
end

-- What a strand ended with, as a fault.
function fault.raised(value, file, line)
    file = file or fault.source
    local extra = made[value]
    if not extra or type(value.code) ~= "string" then
        return plain(value, file, line)
    end
    local data = value.data ~= nil and host.encode(value.data, host.limits.event) or nil
    local message = type(value.message) == "string" and value.message or text.show(value.message)
    return fault.new(value.code, message, {
        file = file, line = line, data_text = data, retry_after = extra.retry_after,
    })
end

-- A deadline passed; only the node that set it may retry or catch this.
function fault.timeout(deadline)
    local message = ('step "%s" took longer than %s'):format(deadline.name, deadline.text)
    return fault.new("timeout", message, { owner = deadline })
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
