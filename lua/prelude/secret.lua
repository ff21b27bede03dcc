-- secret: a value that a script can hand on and not read: the supervisor puts it in its place.
-- What is made of one (.. and the encodings) is an expression: {"secret":name}, {"concat":[...]},
-- {"base64":e}, {"hex":e}, {"url":e}, {"hmac_sha256":{"key":e,"data":e,"form":f}}.
local host, use = ...
local fault = use "fault"
local text = use "text"

local secret = {}

local PARTS_MAX = 64
local make

local meta = { __name = "secret", __metatable = "secret" }

local function refuse(what)
    return function()
        fault.misuse(("a secret %s: ctx.secret gives a value that only requests resolve")
                     :format(what))
    end
end

for event, what in pairs({ __index = "has no fields", __newindex = "has no fields",
                           __len = "has no length", __call = "is no function",
                           __lt = "cannot be compared", __le = "cannot be compared",
                           __add = "is no number", __sub = "is no number", __mul = "is no number",
                           __div = "is no number", __mod = "is no number" }) do
    meta[event] = refuse(what)
end

function meta.__tostring()
    return "secret"
end

local function add_part(parts, part)
    local last = parts[#parts]
    if type(part) == "string" and type(last) == "string" then
        parts[#parts] = last .. part
    elseif part ~= "" then
        parts[#parts + 1] = part
    end
end

-- What a concatenation is made of: strings and expressions, those of another one taken apart. No
-- generic for: in a __concat of three operands Lua 5.4.4 (Debian 12) takes its end for a close.
local function add(parts, value)
    local expression = host.reveal(value)
    local list = expression and expression.concat or { expression or value }
    for i = 1, #list do
        add_part(parts, list[i])
    end
end

local function is_part(value)
    return type(value) == "string" or math.type(value) == "integer" or secret.is(value)
end

function meta.__concat(a, b)
    if not is_part(a) or not is_part(b) then
        fault.misuse("a secret can be joined with strings, integers and secrets, not with "
                     .. text.a(type(is_part(a) and b or a)))
    end
    local parts = {}
    add(parts, math.type(a) and tostring(a) or a)
    add(parts, math.type(b) and tostring(b) or b)
    if #parts > PARTS_MAX then
        fault.misuse(("an expression of a secret has over %d parts"):format(PARTS_MAX))
    end
    return make({ concat = host.array(parts) })
end

function make(expression)
    return host.opaque(expression, meta)
end

function secret.is(value)
    return host.reveal(value) ~= nil
end

function secret.new(name)
    return make({ secret = name })
end

-- What goes over the wire for a string or a secret.
function secret.wire(value)
    return host.reveal(value) or value
end

-- how: "base64", "hex" or "url".
function secret.encode(how, value)
    return make({ [how] = secret.wire(value) })
end

function secret.hmac(key, data, form)
    return make({ hmac_sha256 = { key = secret.wire(key), data = secret.wire(data), form = form } })
end

-- The text in front of the first secret.
function secret.prefix(value)
    local expression = host.reveal(value)
    if not expression then
        return value
    end
    local front = expression.concat and expression.concat[1]
    return type(front) == "string" and front or ""
end

return secret
