-- spec_mocks: what the outside world answers in a test: http = { ["GET https://..."] = ... }.
-- A key is "METHOD url" or "url" (any method), exact or with * at its end; a value a response, a
-- function(request) that returns one, or a list of them, one a call, the last one for all further.
local host, use = ...
local duration = use "duration"
local fault = use "fault"
local pattern = use "pattern"
local show = use "spec_show"
local spelling = use "spelling"
local text = use "text"

local mocks = {}

local FIELDS = { status = true, headers = true, body = true, json = true, after = true,
                 error = true, message = true }
local BODY_MAX = 6 * 1024 * 1024
local NEAREST = 3

local function refuse(key, message, ...)
    fault.misuse(("http[%s]: "):format(show.brief(key)) .. message:format(...))
end

local function after_of(key, value)
    if value == nil then
        return 0
    end
    local ms, reason = duration.parse(value)
    return ms or refuse(key, "after %s; %s", reason, duration.HINT)
end

local function headers_of(key, value)
    local out = {}
    if value ~= nil and type(value) ~= "table" then
        refuse(key, "headers must be a table, got %s", show.brief(value))
    end
    for name, item in next, value or {} do
        if type(name) ~= "string" or type(item) ~= "string" and type(item) ~= "number" then
            refuse(key, "headers are names with strings, got %s = %s", show.brief(name),
                   show.brief(item))
        end
        out[name:lower()] = tostring(item)
    end
    return out
end

local function body_of(key, value, headers)
    if value.json == nil then
        if value.body ~= nil and type(value.body) ~= "string" then
            refuse(key, "body must be a string, got %s; json = ... takes a value",
                   show.brief(value.body))
        end
        return value.body or ""
    elseif value.body ~= nil then
        refuse(key, "json and body cannot both be given")
    end
    local json, _, reason = host.encode(value.json, BODY_MAX)
    headers["content-type"] = headers["content-type"] or "application/json"
    return json or refuse(key, "json cannot be JSON: %s", reason)
end

-- A network failure: {error = "net.dns"}.
local function failure_of(key, value)
    local code = value.error
    local hint = type(code) ~= "string" and 'write error = "net.dns"'
        or not code:find("^net%.[%w_]+$") and 'network errors are called net.*; a status is status'
        or pattern.problem(code)
    if hint then
        refuse(key, "error %s is no network error: %s", show.brief(code), hint)
    end
    return { head = { error = { code = code, message = value.message or "mocked: " .. code } },
             body = "", after_ms = after_of(key, value.after) }
end

-- A response as written -> {head, body, after_ms}.
local function response_of(key, value)
    if type(value) ~= "table" then
        refuse(key, "a response is a table like { status = 200, json = {} }, got %s",
               show.brief(value))
    end
    for field in next, value do
        if not FIELDS[field] then
            refuse(key, "a response has no field %s: %s", show.brief(field),
                   spelling.hint(text.show(field), FIELDS))
        end
    end
    if value.error ~= nil then
        return failure_of(key, value)
    end
    local status = value.status == nil and 200 or math.tointeger(value.status)
    if not status or status < 100 or status > 599 then
        refuse(key, "status must be 100 to 599, got %s", show.brief(value.status))
    end
    local headers = headers_of(key, value.headers)
    local body = body_of(key, value, headers)
    return { head = { status = status, headers = host.object(headers) }, body = body,
             after_ms = after_of(key, value.after) }
end

local function step_of(key, value)
    return type(value) == "function" and value or response_of(key, value)
end

-- One for each call, in order.
local function steps_of(key, value)
    if type(value) ~= "table" or rawget(value, 1) == nil then
        return { step_of(key, value) }
    end
    local steps = {}
    for place in next, value do
        if math.type(place) ~= "integer" then
            refuse(key, "is a list of responses, and has %s as well", show.brief(place))
        end
    end
    for i = 1, #value do
        steps[i] = step_of(key, value[i])
    end
    return steps
end

local function entry_of(key, value)
    local method, url = nil, key
    if type(key) == "string" then
        local word, rest = key:match("^(%a+)%s+(%S+)$")
        method, url = word and word:upper(), rest or key
    end
    if type(key) ~= "string" or not url:find("^%S+$")
        or url ~= "*" and not url:find("^[Hh][Tt][Tt][Pp][Ss]?://") then
        fault.misuse(('http: the key %s is neither "METHOD https://..." nor a URL'):format(
                     show.brief(key)))
    end
    local prefix = url:match("^(.*)%*$")
    return { name = (method and method .. " " or "") .. url, method = method, url = url,
             prefix = prefix, steps = steps_of(key, value), count = 0, key = key }
end

-- What an author gave as http, checked.
function mocks.new(given)
    if type(given) ~= "table" then
        fault.misuse("run: http must be a table, got " .. show.brief(given))
    end
    local set = { list = {}, exact = {} }
    for key, value in next, given do
        local entry = entry_of(key, value)
        if set.exact[entry.name] then
            refuse(key, "is there twice")
        end
        set.exact[entry.name] = entry
        set.list[#set.list + 1] = entry
    end
    -- The longest prefix first, and of the same one that with a method; then by name.
    table.sort(set.list, function(a, b)
        if #a.url ~= #b.url then
            return #a.url > #b.url
        elseif (a.method == nil) ~= (b.method == nil) then
            return a.method ~= nil
        end
        return a.name < b.name
    end)
    return set
end

local function find(set, request)
    for _, url in ipairs({ request.url, (request.url:gsub("[?#].*$", "")) }) do
        local entry = set.exact[request.method .. " " .. url] or set.exact[url]
        if entry then
            return entry
        end
    end
    for _, entry in ipairs(set.list) do
        if entry.prefix and (not entry.method or entry.method == request.method)
            and request.url:sub(1, #entry.prefix) == entry.prefix then
            return entry
        end
    end
end

local function shared(a, b)
    local at = 1
    while at <= #a and at <= #b and a:byte(at) == b:byte(at) do
        at = at + 1
    end
    return at
end

-- Names the request, and the mocks whose URLs begin most like it.
local function unmocked(set, request)
    local lines = { ("unmocked request: %s %s"):format(request.method, request.url) }
    local near = table.move(set.list, 1, #set.list, 1, {})
    table.sort(near, function(a, b)
        local x, y = shared(a.url, request.url), shared(b.url, request.url)
        return x > y or x == y and a.name < b.name
    end)
    for i = 1, math.min(#near, NEAREST) do
        lines[#lines + 1] = (i == 1 and "  mocked: " or "          ") .. near[i].name
    end
    if #near > NEAREST then
        lines[#lines + 1] = ("          and %d more"):format(#near - NEAREST)
    elseif #near == 0 then
        lines[#lines + 1] = ('  nothing is mocked; give run http = { ["%s %s"] = { json = {} } }')
            :format(request.method, (request.url:gsub("[?#].*$", "")))
    end
    return text.clean(table.concat(lines, "\n"), 4000)
end

-- A slow answer meets the request's own timeout, as it would outside.
local function in_time(request, answer)
    if answer.after_ms <= request.timeout_ms then
        return answer
    end
    local host_name = request.url:match("^%a+://([^/?#]*)") or request.url
    local message = ("%s: no whole answer within %d ms"):format(host_name, request.timeout_ms)
    return { head = { error = { code = "net.timeout", message = message } }, body = "",
             after_ms = request.timeout_ms }
end

-- request: {method, url, headers, body, json, query, timeout_ms}. The answer {head, body,
-- after_ms}; with it, when nothing is mocked for the request, what to say. Functions of the
-- author's run here, and their errors are raised.
function mocks.answer(set, request)
    local entry = find(set, request)
    if not entry then
        local message = ("%s %s is not mocked"):format(request.method, request.url)
        local refusal = { error = { code = "net.denied", message = message } }
        return { head = refusal, body = "", after_ms = 0 }, unmocked(set, request)
    end
    entry.count = entry.count + 1
    local step = entry.steps[math.min(entry.count, #entry.steps)]
    if type(step) == "function" then
        request.count = entry.count
        step = response_of(entry.key, (step(request)))
    end
    return in_time(request, step)
end

return mocks
