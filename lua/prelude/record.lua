-- record: what a finished step leaves behind: {path, attempt, status, result}, all JSON-able.
-- The interpreter moves forward by these alone, so that a later store can replay them. result is
-- JSON text, also on the first pass; the empty text stands for nil, which no JSON is.
local host, use = ...
local fault = use "fault"

local record = { NIL = "" }

-- frame: {path, attempt}; result: JSON text or record.NIL.
function record.new(frame, status, result)
    return { path = frame.path, attempt = frame.attempt, status = status, result = result }
end

function record.read(result)
    if result == record.NIL then
        return nil
    end
    local _, value = host.decode(result)
    return value
end

function record.value(it)
    return record.read(it.result)
end

-- An author's value as a result: true, JSON text | false, fault.
function record.encode(value, frame, what)
    if value == nil then
        return true, record.NIL
    end
    local json, problem, reason = host.encode(value, host.limits.result)
    if json then
        return true, json
    end
    local code = problem == "limit" and "limit.payload" or "result.invalid"
    local message = ('%s of step "%s": %s'):format(what or "result", frame.node.name, reason)
    return false, fault.new(code, message)
end

-- Several results as one: pieces of JSON text, joined; true, text | false, fault.
function record.join(pieces, open, close, frame)
    local json = open .. table.concat(pieces, ",") .. close
    if #json <= host.limits.result then
        return true, json
    end
    return false, fault.new("limit.payload", ('result of step "%s": over %d bytes'):format(
                            frame.node.name, host.limits.result))
end

return record
