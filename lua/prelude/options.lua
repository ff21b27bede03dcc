-- options: what may stand behind a named entry of a node, read into what the run needs.
-- Each reader takes the value that the author gave and returns the parsed one and a list of
-- problems {code, message, hint}; it runs no code of the author's.
local _, use = ...
local duration = use "duration"
local input = use "input"
local retry = use "retry"
local text = use "text"

local options = {}

local function wrong(name, expected, value, hint)
    return nil, { { code = "option.type", hint = hint,
                    message = ("%s must be %s, got %s"):format(name, expected, text.show(value)) } }
end

local function reader_of(kind)
    return function(value, name)
        if type(value) ~= kind then
            return wrong(name, text.a(kind), value)
        end
        return value
    end
end

options.callback = reader_of("function")
options.words = reader_of("string")
options.retry = retry.parse
options.shape = input.parse

function options.timeout(value, name)
    local ms, reason = duration.parse(value)
    if ms == 0 then
        reason = "is zero"
    end
    if reason then
        return nil, { { code = "duration.invalid", hint = duration.HINT,
                        message = ("%s %s %s"):format(name, text.show(value), reason) } }
    end
    return { ms = ms, text = value }
end

-- Aliases of node ids: name -> top-level step.
function options.entries(value, name)
    if type(value) ~= "table" then
        return wrong(name, "a table", value, 'entries = { ["<node id>"] = "step" }')
    end
    for alias, step in pairs(value) do
        if type(alias) ~= "string" or type(step) ~= "string" then
            return wrong(name, "a table of node ids and step names", alias,
                         'entries = { ["<node id>"] = "step" }')
        end
    end
    return value
end

-- One `on` clause or a list of them; nodes is what tells them from other tables.
function options.catch(value, name, nodes)
    local list = nodes[value] and { value } or value
    local hint = name .. ' = { on "http.404" { task ... } }'
    if type(list) ~= "table" then
        return wrong(name, "a list of on clauses", value, hint)
    end
    local handlers = {}
    for _, handle in ipairs(list) do
        local node = nodes[handle]
        if not node or node.kind ~= "on" then
            return wrong(name, "a list of on clauses", node and "a " .. node.kind or handle, hint)
        elseif not node.closed then
            return wrong(name, "a list of on clauses with steps", "an empty one", hint)
        end
        handlers[#handlers + 1] = node
    end
    for key in pairs(list) do
        if math.type(key) ~= "integer" or not handlers[key] then
            return wrong(name, "a list of on clauses only", text.show(key), hint)
        end
    end
    return handlers
end

return options
