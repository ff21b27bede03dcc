-- retry: how often and after which pause a step is tried again.
-- retry = 4, or { attempts, delay, factor, max_delay, jitter, on }; attempts counts all tries. Full
-- jitter; a Retry-After longer than the pause is waited for instead, up to max_delay.
local host, use = ...
local date = use "date"
local duration = use "duration"
local pattern = use "pattern"
local spelling = use "spelling"
local text = use "text"

local retry = {}

local MOST = 1000
local CODES = { "timeout", "net.*", "http.429", "http.5xx" }
local JITTER = { [true] = true, [false] = false, full = true, none = false }

local function problem(code, message, hint)
    return { code = code, message = message, hint = hint }
end

local fields = {}

function fields.attempts(value)
    if math.type(value) ~= "integer" or value < 1 or value > MOST then
        local message = ("attempts must be an integer from 1 to %d, got %s"):format(
                         MOST, text.show(value))
        return nil, problem("option.type", message, "attempts counts all tries, the first too")
    end
    return value
end

function fields.delay(value)
    local ms, reason = duration.parse(value)
    if not ms then
        return nil, problem("duration.invalid", ("the duration %s %s"):format(
                            text.show(value), reason), duration.HINT)
    end
    return ms
end
fields.max_delay = fields.delay

function fields.factor(value)
    if type(value) ~= "number" or not (value >= 1 and value <= 1000) then
        return nil, problem("option.type", "factor must be a number from 1 to 1000, got "
                            .. text.show(value), "2 doubles the pause each time")
    end
    return value
end

function fields.jitter(value)
    if JITTER[value] == nil then
        return nil, problem("option.type", "jitter must be true or false, got "
                            .. text.show(value), "true: a random part of the pause")
    end
    return JITTER[value]
end

function fields.on(value)
    local list = type(value) == "table" and value or { value }
    for _, wanted in ipairs(list) do
        if type(wanted) ~= "string" then
            return nil, problem("option.type", "on must be a list of patterns",
                                'on = { "http.5xx", "timeout" }')
        end
        local hint = pattern.problem(wanted)
        if hint then
            return nil, problem("pattern.unknown", ('no error code matches "%s"'):format(
                                text.show(wanted)), hint)
        end
    end
    return list
end

-- The policy, and a list of problems {code, message, hint, option}.
function retry.parse(value)
    local policy = { attempts = 3, delay = 1000, factor = 2, max_delay = 60000, jitter = true,
                     on = CODES }
    local problems = {}
    if type(value) == "number" then
        value = { attempts = value }
    elseif type(value) ~= "table" then
        return policy, { problem("option.type", "retry must be a number or a table, got "
                                 .. text.show(value), "retry = 3") }
    end
    for key, given in pairs(value) do
        local read = fields[key]
        local parsed, wrong
        if read then
            parsed, wrong = read(given)
        else
            wrong = problem("option.unknown", ('retry: unknown option "%s"'):format(
                            text.show(key)), spelling.hint(text.show(key), fields))
        end
        if wrong then
            wrong.option = "retry." .. text.show(key)
            problems[#problems + 1] = wrong
        end
        policy[key] = parsed
    end
    table.sort(problems, function(a, b) return a.option < b.option end)
    return policy, problems
end

-- Milliseconds asked for by a Retry-After header: seconds or a date.
local function asked(header)
    local seconds = header:match("^%s*(%d+)%s*$")
    if seconds then
        return tonumber(seconds) * 1000
    end
    local at = date.parse(header)
    return at and math.max(0, at * 1000 - host.wall_ms()) or 0
end

-- The pause before the next try after attempt failed so; nil: no further try.
function retry.pause(policy, attempt, fault)
    if attempt >= policy.attempts or not pattern.any(policy.on, fault.code) then
        return nil
    end
    local growth = math.min(policy.factor ^ (attempt - 1), 1e9)
    local pause = math.min(policy.delay * growth, policy.max_delay)
    if policy.jitter then
        pause = math.random() * pause
    end
    local wish = fault.retry_after and asked(fault.retry_after) or 0
    return math.floor(math.max(pause, math.min(wish, policy.max_delay)))
end

return retry
