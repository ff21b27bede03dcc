-- expect: the statuses that a request counts as success: 200, "2xx", or a list of such.
-- Default: any 2xx. parse returns a list of patterns, or nil and what is wrong.
-- holds tells whether a status is among them.
local _, use = ...
local text = use "text"

local expect = {}

local function one(value)
    if math.type(value) == "integer" and value >= 100 and value <= 599 then
        return tostring(value)
    elseif type(value) == "string" and value:find("^[1-5]%d%d$") or
        type(value) == "string" and value:find("^[1-5]xx$") then
        return value
    end
    return nil, 'must be a status, a pattern like "2xx", or a list of them, got '
        .. text.show(value)
end

function expect.parse(value)
    if value == nil then
        return { "2xx" }
    elseif type(value) ~= "table" then
        value = { value }
    end
    local list = {}
    for i, item in ipairs(value) do
        local parsed, problem = one(item)
        if not parsed then
            return nil, problem
        end
        list[i] = parsed
    end
    return list
end

function expect.holds(list, status)
    local exact = tostring(status)
    for _, wanted in ipairs(list) do
        if wanted == exact or wanted == exact:sub(1, 1) .. "xx" then
            return true
        end
    end
    return false
end

return expect
