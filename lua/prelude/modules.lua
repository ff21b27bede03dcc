-- modules: require: Lua files below flows/lib, compiled and run once a run, in the same sandbox.
-- "lib.money" and "money" are both flows/lib/money.lua. While a flow loads, a module's mistakes are
-- findings of its own file; in a step they are errors.
local host, use = ...
local chunk = use "chunk"
local fault = use "fault"
local text = use "text"

local modules = {}

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

-- As Lua's own, but that a name is a place below flows/lib and nothing else.
function modules.require(name)
    if type(name) ~= "string" or not name:find("^[%w_][%w_.-]*$") or #name > 200 then
        fault.misuse("require: argument 1 (name) must be a module's name like \"lib.money\", got "
                     .. text.show(name))
    end
    local key = name:gsub("^lib%.", "")
    if loading[key] then
        fault.misuse(("require: module '%s' requires itself"):format(name))
    elseif loaded[key] == nil then
        local value = load(name, key)
        loaded[key] = value == nil and NONE or value
    end
    return loaded[key] ~= NONE and loaded[key] or nil
end

return modules
