-- options: what may stand behind a named entry of a node, read into what the run needs.
-- Each reader takes the value that the author gave and returns the parsed one and a list of
-- problems {code, message, hint}; it runs no code of the author's.
local _, use = ...
local declared = use "declared"
local duration = use "duration"
local input = use "input"
local retry = use "retry"
local schema = use "schema"
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
options.schema = schema.parse
options.vars = declared.parse

-- Longer than nothing.
function options.timeout(value, name)
    local length, problems = options.duration(value, name)
    if length and length.ms == 0 then
        return nil, { { code = "duration.invalid", hint = duration.HINT,
                        message = ("%s %s is zero"):format(name, text.show(value)) } }
    end
    return length, problems
end

function options.duration(value, name)
    local ms, reason = duration.parse(value)
    if not ms then
        return nil, { { code = "duration.invalid", hint = duration.HINT,
                        message = ("%s %s %s"):format(name, text.show(value), reason) } }
    end
    return { ms = ms, text = value }
end

local COUNT_MAX = 1000000

function options.count(value, name)
    if math.type(value) ~= "integer" or value < 1 or value > COUNT_MAX then
        return wrong(name, "a whole number from 1 to 1000000", value)
    end
    return value
end

-- How many of a map's items may fail: a count, or a share of them.
function options.tolerance(value, name)
    if math.type(value) == "integer" and value >= 0 then
        return { count = value }
    end
    local percent = type(value) == "string" and tonumber(value:match("^(%d+)%%$"))
    if not percent or percent > 100 then
        return wrong(name, "a count or a percentage", value, 'tolerate = 3, or tolerate = "10%"')
    end
    return { percent = percent }
end

-- The flow that a call means, "other" or "other@1.4.2".
function options.flow_name(value, name)
    local plain = type(value) == "string" and value:gsub("@%d+%.%d+%.%d+$", "")
    if not plain or #plain > 128 or not plain:find("^[%w_-][%w_.-]*$") then
        return wrong(name, "a flow's name", value, 'flow = "other", or "other@1.4.2"')
    end
    return value
end

-- Aliases of node ids: name -> top-level step.
function options.entries(value, name)
    if type(value) ~= "table" then
        return wrong(name, "a table", value, 'entries = { ["<node id>"] = "step" }')
    end
    for alias, step in pairs(value) do
        if type(alias) ~= "string" or type(step) ~= "string" then
            local none, problems = wrong(name, "a table of node ids and step names",
                                         type(alias) == "string" and step or alias,
                                         'entries = { ["<node id>"] = "step" }')
            problems[1].option = name .. "." .. text.show(alias)
            return none, problems
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
