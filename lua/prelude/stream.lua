-- stream: a run as it moves through its nodes, for boards that show it (stream_state).
-- Each attempt sends node_start and node_end, always in pairs, and run:<id> with add and remove; a
-- skipped node only node_end. Silent unless the job asked.
local host = ...

local stream = { run_id = nil } -- set: on

local function send(kind, payload)
    local json = host.encode(payload, host.limits.event)
    if json then
        host.event(kind, json)
    end
end

local function move(frame, method)
    send("run:" .. stream.run_id, { runId = stream.run_id, nodeIds = host.array({ frame.path }),
                                    method = method })
end

function stream.start(frame)
    if stream.run_id then
        frame.started_ms = host.mono_ms()
        send("node_start", { node_id = frame.path, name = frame.node.name, kind = frame.node.kind,
                             attempt = frame.attempt })
        move(frame, "add")
    end
end

local function ending(frame, status, failure)
    local brief = failure and { code = failure.code, message = failure.message }
    send("node_end", { node_id = frame.path, status = status, attempt = frame.attempt,
                       duration_ms = frame.started_ms and host.mono_ms() - frame.started_ms or 0,
                       error = brief })
end

-- status: completed, failed or caught; failure for the last two.
function stream.finish(frame, status, failure)
    if frame.started_ms then -- and not finished yet
        ending(frame, status, failure)
        move(frame, "remove")
        frame.started_ms = nil
    end
end

function stream.skip(frame)
    if stream.run_id then
        ending(frame, "skipped")
    end
end

return stream
