-- http: ctx.http: requests that the supervisor makes for a flow.
-- get post put patch delete (url, opts), request(url, opts with method); opts: headers query json
-- body timeout expect. Gives {status, headers, body, json}; a status outside expect raises.
local host, use = ...
local duration = use "duration"
local expect = use "expect"
local fault = use "fault"
local secret = use "secret"
local text = use "text"
local url = use "url"

local TIMEOUT_MS = 30000
local BODY_MAX = 6 * 1024 * 1024
local HEAD_MAX = 256 * 1024
local SHOWN_MAX = 2000
local SECRET_HINT =
    [[; it goes into url, headers or body: body = '{"key":"' .. ctx.secret "a" .. '"}']]

local function misuse(name, what, rule)
    fault.misuse(("%s: %s %s"):format(name, what, rule))
end

local function headers_of(name, opts)
    local out = {}
    for key, value in pairs(opts.headers or {}) do
        if type(key) ~= "string" or not key:find("^[%w!#$%%&'*+%-.^_`|~]+$") then
            misuse(name, "headers", ("has a name that is no header name: %s"):format(
                   text.show(key)))
        elseif secret.is(value) then
            out[key] = secret.wire(value)
        elseif type(value) ~= "string" and type(value) ~= "number" then
            misuse(name, "headers." .. key, "must be a string, got " .. type(value))
        elseif tostring(value):find("[\r\n\0]") then
            misuse(name, "headers." .. key, "must not hold line breaks")
        else
            out[key] = tostring(value)
        end
    end
    return out
end

local function add_pair(name, list, key, value)
    local kind = type(value)
    if secret.is(value) then
        list[#list + 1] = { key, value }
        return
    elseif kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
        misuse(name, "query." .. text.show(key), "must be a string, number, boolean or a list of "
               .. "them, got " .. kind)
    end
    list[#list + 1] = { key, tostring(value) }
end

local function query_of(name, opts)
    local given, keys, list = opts.query or {}, {}, {}
    for key in pairs(given) do
        if type(key) ~= "string" then
            misuse(name, "query", "must have names, got " .. text.show(key))
        end
        keys[#keys + 1] = key
    end
    table.sort(keys)
    for _, key in ipairs(keys) do
        local value = given[key]
        if type(value) == "table" then
            for _, item in ipairs(value) do
                add_pair(name, list, key, item)
            end
        else
            add_pair(name, list, key, value)
        end
    end
    return list
end

local function has_header(headers, wanted)
    for key in pairs(headers) do
        if key:lower() == wanted then
            return true
        end
    end
    return false
end

local function body_of(name, opts, headers)
    local body = opts.body
    if body ~= nil and opts.json ~= nil then
        misuse(name, "json and body", "cannot both be given")
    elseif opts.json ~= nil then
        local problem, reason
        body, problem, reason = host.encode(opts.json, BODY_MAX)
        if not body and problem == "input" then
            misuse(name, "json", "cannot be JSON: " .. reason
                   .. (reason:find("a secret") and SECRET_HINT or ""))
        elseif not has_header(headers, "content-type") then
            headers["content-type"] = "application/json"
        end
    end
    if opts.json ~= nil and not body or type(body) == "string" and #body > BODY_MAX then
        fault.raise("limit.payload", ("%s: the body is over %d bytes"):format(name, BODY_MAX))
    end
    return body or ""
end

local function timeout_of(name, opts)
    if opts.timeout == nil then
        return TIMEOUT_MS
    end
    local ms = duration.parse(opts.timeout)
    return ms > 0 and ms or misuse(name, "timeout", "is zero")
end

local function method_of(name, opts, method)
    if method then
        return opts.method == nil and method
            or misuse(name, "method", "is only for ctx.http.request")
    end
    method = opts.method == nil and "GET" or opts.method
    if not method:find("^%a+$") or #method > 20 then
        misuse(name, "method", "must be a word like GET, got " .. text.show(method))
    end
    return method:upper()
end

local function check_url(name, target)
    local front = secret.prefix(target)
    local problem = not (front == "" and secret.is(target)) and url.problem(front)
    if problem then
        misuse(name, "argument 1 (url)", problem)
    end
end

local function reply_of(head, body)
    local reply = { status = head.status, headers = head.headers or {}, body = body }
    local kind = reply.headers["content-type"]
    if not kind or kind:lower():find("^%s*[%w.+-]+/[%w.+-]*json") then
        local ok, value = host.decode(body)
        if ok then
            reply.json = value
        end
    end
    return reply
end

local function refuse_status(method, target, reply)
    local message = ("%s %s answered %d"):format(method, url.show(target), reply.status)
    local data = { status = reply.status, body = text.clean(reply.body, SHOWN_MAX) }
    fault.raise(("http.%d"):format(reply.status), message, data,
                { retry_after = reply.headers["retry-after"] })
end

local function exchange(name, target, opts, method)
    local headers = headers_of(name, opts)
    local body = body_of(name, opts, headers)
    local hidden = secret.is(body)
    local head, _, reason = host.encode({
        method = method,
        url = secret.wire(url.with_query(target, query_of(name, opts))),
        headers = host.object(headers),
        timeout_ms = timeout_of(name, opts),
        body = hidden and secret.wire(body) or nil,
    }, HEAD_MAX)
    if not head then
        misuse(name, "url and headers", reason)
    end
    local reply_head, reply_body = host.suspend("request", head, hidden and "" or body)
    local ok, reply = host.decode(reply_head)
    if not ok then
        fault.raise("net.protocol", name .. ": the reply does not parse")
    elseif reply.error then
        fault.raise(reply.error.code, reply.error.message)
    end
    return reply_of(reply, reply_body)
end

local function caller(word, method)
    local name = "ctx.http." .. word
    return function(target, opts)
        opts = opts == nil and {} or opts
        check_url(name, target)
        local used, expected = method_of(name, opts, method), expect.parse(opts.expect)
        local reply = exchange(name, target, opts, used)
        if not expect.holds(expected, reply.status) then
            refuse_status(used, target, reply)
        end
        return reply
    end
end

return { get = caller("get", "GET"), post = caller("post", "POST"), put = caller("put", "PUT"),
         patch = caller("patch", "PATCH"), delete = caller("delete", "DELETE"),
         request = caller("request") }
