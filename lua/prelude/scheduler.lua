-- scheduler: branches of a run, each a coroutine of the prelude, waiting on replies and timers.
-- One wait of the host serves them all, so no branch's reply is lost to another's sleep. At most
-- IN_FLIGHT requests are out at once; the next ones wait for a place.
local host = ...

local scheduler = {}

local IN_FLIGHT = 16
local parked = {}   -- branches that wait, oldest first: {thread, id, at, place}
local in_flight = 0
local last_id = 0

local function run_branch(thread, ...)
    local ok, wants = coroutine.resume(thread, ...)
    if not ok then
        error(wants, 0)
    elseif coroutine.status(thread) ~= "dead" then
        wants.thread = thread
        parked[#parked + 1] = wants
    end
end

-- Takes the first parked branch for which test holds off the list.
local function take(test)
    for i, branch in ipairs(parked) do
        if test(branch) then
            return table.remove(parked, i)
        end
    end
end

local function earliest()
    local at
    for _, branch in ipairs(parked) do
        at = branch.at and (not at or branch.at < at) and branch.at or at
    end
    return at
end

local function deliver(id, head, body)
    local branch = take(function(it) return it.id == id end)
    if branch then
        run_branch(branch.thread, head, body)
    end
end

local function wake(now)
    local due = take(function(it) return it.at and it.at <= now end)
    while due do
        run_branch(due.thread)
        due = take(function(it) return it.at and it.at <= now end)
    end
end

local function fill_places()
    while in_flight < IN_FLIGHT do
        local branch = take(function(it) return it.place end)
        if not branch then
            return
        end
        run_branch(branch.thread, true)
    end
end

local function turn()
    local at = earliest()
    local id, head, body = host.wait(at and math.max(0, at - host.mono_ms()) or -1)
    if id then
        deliver(id, head, body)
    end
    wake(host.mono_ms())
    fill_places()
end

-- The rest is called from within a branch; at: a time of the monotonic clock, or nil. ------------

function scheduler.sleep(at)
    coroutine.yield({ at = at })
end

-- Sends a request and waits: head, body of its reply, or nothing when the time passed.
function scheduler.request(head, body, at)
    if in_flight >= IN_FLIGHT and not coroutine.yield({ place = true, at = at }) then
        return nil
    end
    last_id = last_id + 1
    in_flight = in_flight + 1
    local id = last_id
    host.request(id, head, body)
    local reply_head, reply_body = coroutine.yield({ id = id, at = at })
    in_flight = in_flight - 1
    if not reply_head then
        host.abandon(id)
    end
    return reply_head, reply_body
end

-- Starts f as a branch; it runs until it waits.
function scheduler.spawn(f)
    run_branch(coroutine.create(f))
end

-- Runs f as the first branch until it and all others ended; returns what f returned.
function scheduler.run(f)
    local results
    scheduler.spawn(function()
        results = table.pack(f())
    end)
    while #parked > 0 do
        turn()
    end
    return table.unpack(results, 1, results.n)
end

return scheduler
