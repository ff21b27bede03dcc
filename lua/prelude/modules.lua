-- modules: require: Lua files below flows/lib, compiled and run once a run, in the same sandbox.
-- "lib.money" and "money" are both flows/lib/money.lua. While a flow loads, a module's mistakes are
-- findings of its own file; in a step they are errors.
local host, use = ...
local chunk = use "chunk"
local fault = use "fault"
local findings = use "findings"
local scheduler = use "scheduler"
local text = use "text"

local modules = {}

local LOOKED_AT_MAX = 100
local HINT = 'a module is a file below lib: "lib.money" is lib/money.lua'
local NONE = {}   -- what a module that returned nothing, or nil, is kept as
local loaded = {} -- name -> value
local loading = {}

local function read(name)
    local head, body = host.suspend("fetch", "module", name)
    local ok, answer = host.decode(head)
    if not ok then
        fault.misuse(("require: no answer for module '%s'"):format(name))
    elseif answer.error then
        fault.misuse("require: " .. answer.error.message)
    end
    return answer.file, body
end

local function load(name, key)
    local file, body = read(name)
    local main, problem = chunk.compile(body, file)
    if not main then
        fault.misuse(("require: module '%s' does not load: %s"):format(name, problem))
    end
    loading[key] = true
    local ok, value = pcall(main, name)
    loading[key] = nil
    if not ok then
        error(value, 0)
    end
    return value
end

local function is_name(name)
    return type(name) == "string" and name:find("^[%w_][%w_.-]*$") ~= nil and #name <= 200
end

local function key_of(name)
    return (name:gsub("^lib%.", ""))
end

-- As Lua's own, but that a name is a place below flows/lib and nothing else.
function modules.require(name)
    if not is_name(name) then
        fault.misuse("require: argument 1 (name) must be a module's name like \"lib.money\", got "
                     .. text.show(name))
    end
    local key = key_of(name)
    if loading[key] then
        fault.misuse(("require: module '%s' requires itself"):format(name))
    elseif loaded[key] == nil then
        local value = load(name, key)
        loaded[key] = value == nil and NONE or value
    end
    return loaded[key] ~= NONE and loaded[key] or nil
end

local function look_at(name, where)
    local head, body = scheduler.fetch_now("module", name)
    local ok, answer = host.decode(head)
    if ok and answer.error then
        findings.error("module.unknown", answer.error.message, where, HINT)
    elseif ok then
        chunk.compile(body, answer.file)
    end
end

-- The modules that only steps will ask for: what is wrong with them is told when the flow loads.
-- list: {name, where}, which grows while their texts are read.
function modules.look_ahead(list)
    local seen, count, i = {}, 0, 1
    while list[i] and count < LOOKED_AT_MAX do
        local name, key = list[i].name, key_of(list[i].name)
        if not is_name(name) then
            findings.error("module.unknown", ('"%s" is no module\'s name'):format(
                           text.show(name)), list[i].where, HINT)
        elseif loaded[key] == nil and not seen[key] then
            seen[key], count = true, count + 1
            look_at(name, list[i].where)
        end
        i = i + 1
    end
end

return modules
