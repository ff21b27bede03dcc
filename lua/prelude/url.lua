-- url: a request's URL: checked for what cannot be one, a query added, shown without secrets.
-- The supervisor judges scheme and host anew; what is refused here has a better message.
-- Query values are percent-encoded (RFC 3986 2.3), keys in byte order.
local _, use = ...
local secret = use "secret"

local url = {}

function url.escape(value)
    return (value:gsub("[^%w%-._~]", function(c)
        return ("%%%02X"):format(c:byte())
    end))
end

-- nil, or what is wrong with it.
function url.problem(value)
    if type(value) ~= "string" then
        return "must be a string, got " .. type(value)
    elseif not value:find("^[Hh][Tt][Tt][Pp][Ss]?://[^/]") then
        return "must begin with http:// or https:// and a host"
    elseif value:find("[%c ]") then
        return "must not hold spaces or control characters"
    end
end

-- A secret is escaped where it is put in.
local function escaped(value)
    return secret.is(value) and secret.encode("url", value) or url.escape(value)
end

-- pairs_list: {{key, value}, ...} of strings; a value, and the URL, may be a secret.
function url.with_query(value, pairs_list)
    if #pairs_list == 0 then
        return value
    end
    local front, fragment = value, ""
    if not secret.is(value) then
        front, fragment = value:match("^([^#]*)(.*)$")
    end
    local between = secret.prefix(front):find("?", 1, true) and "&" or "?"
    for _, pair in ipairs(pairs_list) do
        front = front .. between .. url.escape(pair[1]) .. "=" .. escaped(pair[2])
        between = "&"
    end
    return front .. fragment
end

-- For messages: neither query nor credentials.
function url.show(value)
    return (secret.prefix(value):gsub("[?#].*$", ""):gsub("^(%a+://)[^/@]*@", "%1"))
end

return url
