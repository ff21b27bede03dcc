-- scheduler: branches of a run, each a coroutine of the prelude, waiting on replies, timers and
-- each other. One wait of the host serves them all, so no branch's reply is lost to another's
-- sleep. At most IN_FLIGHT requests are out at once; the next ones wait for a place.
local host = ...

local scheduler = {}

local IN_FLIGHT = 16
local ready, first, last = {}, 1, 0 -- a queue of {branch, words}: who runs next; a branch is
                                    -- {thread, group}
local parked = {}                   -- branches that wait, oldest first: {branch, id, at, place}
local in_flight = 0
local last_id = 0

local function make_ready(branch, ...)
    last = last + 1
    ready[last] = { branch = branch, words = table.pack(...) }
end

local function run_branch(branch, words)
    local ok, wants = coroutine.resume(branch.thread, table.unpack(words, 1, words.n))
    if not ok then
        error(wants, 0)
    elseif coroutine.status(branch.thread) ~= "dead" then
        wants.branch = branch
        parked[#parked + 1] = wants
    end
end

local function run_ready()
    while first <= last do
        local next_one = ready[first]
        ready[first] = nil
        first = first + 1
        run_branch(next_one.branch, next_one.words)
    end
end

-- Takes the first parked branch for which test holds off the list and tells it why it goes on.
local function release(test, ...)
    for i, wants in ipairs(parked) do
        if test(wants) then
            table.remove(parked, i)
            make_ready(wants.branch, ...)
            return true
        end
    end
    return false
end

local function earliest()
    local at
    for _, wants in ipairs(parked) do
        at = wants.at and (not at or wants.at < at) and wants.at or at
    end
    return at
end

-- The branches whose time has come, in the order of their times.
local function wake(now)
    local at = earliest()
    while at and at <= now do
        local due = at
        release(function(wants) return wants.at == due end, "time")
        at = earliest()
    end
end

local function fill_places()
    local free = IN_FLIGHT - in_flight
    while free > 0 and release(function(wants) return wants.place end, "place") do
        free = free - 1
    end
end

local function turn()
    local at = earliest()
    local id, head, body = host.wait(at and math.max(0, at - host.mono_ms()) or -1)
    if id then
        release(function(wants) return wants.id == id end, "reply", head, body)
    end
    wake(host.mono_ms())
    run_ready()
    fill_places()
end

local function next_id()
    last_id = last_id + 1
    return last_id
end

-- groups: branches that end together; a group is {parent, cancelled} ------------------------------

function scheduler.cancelled(group)
    while group do
        if group.cancelled then
            return true
        end
        group = group.parent
    end
    return false
end

-- Whoever of the group, or of groups inside it, waits for something outside is told.
function scheduler.cancel(group)
    group.cancelled = true
    local function stops(wants)
        return not wants.join and scheduler.cancelled(wants.branch.group)
    end
    while release(stops, "cancelled") do end -- luacheck: ignore 542
end

-- Starts f as a branch of the group; it begins when all others wait.
function scheduler.spawn(f, group)
    make_ready({ thread = coroutine.create(f), group = group })
end

-- Waits until somebody calls scheduler.joined(token).
function scheduler.join(token)
    coroutine.yield({ join = token })
end

function scheduler.joined(token)
    release(function(wants) return wants.join == token end)
end

-- waiting, from within a branch; at: a time of the monotonic clock, or nil ------------------------

-- "time" when it has come, or "cancelled".
function scheduler.sleep(at)
    return (coroutine.yield({ at = at }))
end

-- Sends what send(id) sends and waits for its reply: "reply", head, body | "time" | "cancelled".
local function exchange(send, at)
    local id = next_id()
    in_flight = in_flight + 1
    send(id)
    local word, head, body = coroutine.yield({ id = id, at = at })
    in_flight = in_flight - 1
    if word ~= "reply" then
        host.abandon(id)
    end
    return word, head, body
end

function scheduler.request(head, body, at)
    while in_flight >= IN_FLIGHT do
        local word = coroutine.yield({ place = true, at = at })
        if word ~= "place" then
            return word
        end
    end
    return exchange(function(id) host.request(id, head, body) end, at)
end

-- A source from the flows folder; what: "module" or "flow".
function scheduler.fetch(what, name, at)
    return exchange(function(id) host.fetch(id, what, name) end, at)
end

-- The same while a flow loads and there are no branches: head, body.
function scheduler.fetch_now(what, name)
    local id = next_id()
    host.fetch(id, what, name)
    local answered, head, body
    repeat
        answered, head, body = host.wait(-1)
    until answered == id
    return head, body
end

-- Runs f as the first branch until it and all others ended; returns what f returned.
function scheduler.run(f)
    local results
    scheduler.spawn(function()
        results = table.pack(f())
    end)
    run_ready()
    while #parked > 0 do
        turn()
    end
    return table.unpack(results, 1, results.n)
end

return scheduler
