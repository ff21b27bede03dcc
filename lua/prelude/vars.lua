-- vars: ctx.vars: what a flow declares as vars, overridden by its message.
-- A runtime variable of the message replaces a declared `runtime` one, a variable of its event an
-- `exposed` one; by id or by name. Secrets arrive as references.
local host, use = ...
local secret = use "secret"

local vars = {}

local given = { runtime = {}, event = {} } -- {id, name, json or secret}
local views = setmetatable({}, { __mode = "k" })

-- variables: {runtime, event}, lists of what the message brings, or nil.
function vars.open(variables)
    given.runtime = variables and variables.runtime or {}
    given.event = variables and variables.event or {}
end

local function find(list, id, name)
    local by_name
    for _, one in ipairs(list) do
        if one.id == id then
            return one
        elseif one.name == name then
            by_name = by_name or one
        end
    end
    return by_name
end

-- A secret that only its flow may set cannot be overridden.
local function override(declared, name)
    local id = declared.id or name
    if declared.runtime then
        return find(given.runtime, id, name), "vars."
    elseif declared.exposed and not declared.secret then
        return find(given.event, id, name), "event."
    end
end

local function value_of(declared, name)
    local other, front = override(declared, name)
    if other and other.secret then
        return secret.new(front .. other.id)
    elseif other then
        local _, value = host.decode(other.json)
        return value
    end
    return declared.default
end

-- The read-only table of a flow's variables; root: its node.
function vars.view(root)
    if not views[root] then
        local values = {}
        for name, declared in pairs(root.set.vars or {}) do
            values[name] = value_of(declared, name)
        end
        views[root] = host.view(values)
    end
    return views[root]
end

return vars
