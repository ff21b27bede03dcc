-- spec_show: values as people read them in a failed test: Lua's own notation, keys sorted; one line
-- where it fits, else a line an entry. Bounded in depth and size, asks no metamethod. null is null;
-- a float with an integer's value keeps its ".0", so that 1 and 1.0 can be told apart.
local host, use = ...
local text = use "text"

local show = {}

local LINE_MAX = 72
local DEPTH_MAX = 12
local SIZE_MAX = 4000
local STRING_MAX = 2000
local ENTRIES_MAX = 100

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function quote(s)
    local cut = text.clean(s, STRING_MAX)
    local quoted = cut:gsub('[%c"\\\127]', function(c)
        return ESCAPES[c] or ("\\x%02x"):format(c:byte())
    end)
    return '"' .. quoted .. '"' .. (#s > STRING_MAX and ("... (%d bytes)"):format(#s) or "")
end

local function number(n)
    return math.type(n) == "float" and n == n and (n ~= math.huge and n ~= -math.huge)
        and n == math.floor(n) and math.abs(n) < 1e15 and ("%.1f"):format(n) or tostring(n)
end

local RANK = { number = 1, string = 2 }

local function key_before(a, b)
    local x, y = RANK[type(a)] or 3, RANK[type(b)] or 3
    if x == y and x < 3 then
        return a < b
    elseif x == y then
        return tostring(a) < tostring(b)
    end
    return x < y
end

function show.sorted_keys(t)
    local keys = {}
    for key in next, t do
        keys[#keys + 1] = key
    end
    table.sort(keys, key_before)
    return keys
end

function show.is_name(key)
    return type(key) == "string" and key:find("^[%a_][%w_]*$") ~= nil
end

local value_of

local function entries_of(t, depth, seen)
    local parts, count = {}, 0
    local length = rawlen(t)
    for _, key in ipairs(show.sorted_keys(t)) do
        count = count + 1
        if count > ENTRIES_MAX then
            parts[#parts + 1] = "..."
            break
        end
        local item = value_of(rawget(t, key), depth + 1, seen)
        if math.type(key) == "integer" and key >= 1 and key <= length then
            parts[#parts + 1] = item
        elseif show.is_name(key) then
            parts[#parts + 1] = key .. " = " .. item
        else
            parts[#parts + 1] = ("[%s] = %s"):format(value_of(key, depth + 1, seen), item)
        end
    end
    return parts
end

local function table_of(t, depth, seen)
    if seen[t] then
        return "<the table around it>"
    elseif depth > DEPTH_MAX then
        return "{ ... }"
    end
    seen[t] = true
    local parts = entries_of(t, depth, seen)
    seen[t] = nil
    if #parts == 0 then
        return "{}"
    end
    local line = "{ " .. table.concat(parts, ", ") .. " }"
    if #line + 2 * depth <= LINE_MAX and not line:find("\n", 1, true) then
        return line
    end
    local indent = ("  "):rep(depth + 1)
    return "{\n" .. indent .. table.concat(parts, ",\n" .. indent) .. "\n" .. ("  "):rep(depth)
        .. "}"
end

function value_of(value, depth, seen)
    local kind = type(value)
    if value == host.null then
        return "null"
    elseif kind == "string" then
        return quote(value)
    elseif kind == "number" then
        return number(value)
    elseif kind == "table" then
        return table_of(value, depth, seen)
    elseif kind == "boolean" or kind == "nil" then
        return tostring(value)
    end
    return "a " .. kind
end

-- The whole value, over several lines when it is long.
function show.value(value)
    local shown = value_of(value, 0, {})
    if #shown > SIZE_MAX then
        return text.cut(shown, SIZE_MAX) .. "\n... (cut)"
    end
    return shown
end

-- The start of it in one line.
function show.brief(value)
    local shown = value_of(value, 0, {}):gsub("\n%s*", " ")
    return #shown > LINE_MAX and text.cut(shown, LINE_MAX) .. "..." or shown
end

return show
