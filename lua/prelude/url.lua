-- url: a request's URL: checked for what cannot be one, a query added, shown without secrets.
-- The supervisor judges scheme and host anew; what is refused here has a better message.
-- Query values are percent-encoded (RFC 3986 2.3), keys in byte order.
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

-- pairs_list: {{key, value}, ...} of strings.
function url.with_query(value, pairs_list)
    local parts = {}
    for i, pair in ipairs(pairs_list) do
        parts[i] = url.escape(pair[1]) .. "=" .. url.escape(pair[2])
    end
    if #parts == 0 then
        return value
    end
    local front, fragment = value:match("^([^#]*)(.*)$")
    return front .. (front:find("?", 1, true) and "&" or "?") .. table.concat(parts, "&")
        .. fragment
end

-- For messages: neither query nor credentials.
function url.show(value)
    return (value:gsub("[?#].*$", ""):gsub("^(%a+://)[^/@]*@", "%1"))
end

return url
