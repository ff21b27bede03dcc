-- branches: the scheduler with more branches than one wait serves, over a host of its own.
-- Takes the path of lua/prelude/scheduler.lua; raises when something is not as it should be.
-- The host answers the newest request first, and turns its clock where it waits.

local path = ...
local now, out, most, abandoned = 0, {}, 0, {}

local host = {
    mono_ms = function() return now end,
    request = function(id)
        out[#out + 1] = id
        most = math.max(most, #out)
    end,
    abandon = function(id) abandoned[#abandoned + 1] = id end,
}

function host.wait(ms)
    if #out > 0 then
        now = now + 1
        local id = table.remove(out)
        return id, "head" .. id, "body"
    end
    assert(ms >= 0, "nothing is out, and the wait has no end")
    now = now + ms
end

local scheduler = assert(loadfile(path))(host)

-- Forty requests at once: sixteen are out at most, all are answered, each with its own reply.
local answered = 0
local result = scheduler.run(function()
    for _ = 1, 40 do
        scheduler.spawn(function()
            local word, head, body = scheduler.request("", "")
            assert(word == "reply" and head:find("^head%d+$") and body == "body")
            answered = answered + 1
        end)
    end
    return "first"
end)
assert(result == "first")
assert(answered == 40, "answered: " .. answered)
assert(most == 16, "most at once: " .. most)

-- Sleepers wake in the order of their time, and a request's time can pass meanwhile.
local order = {}
host.request = function() end
scheduler.run(function()
    for _, ms in ipairs({ 300, 100, 200 }) do
        scheduler.spawn(function()
            scheduler.sleep(now + ms)
            order[#order + 1] = ms
        end)
    end
    assert(scheduler.request("", "", now + 150) == "time")
    order[#order + 1] = 150
end)
assert(table.concat(order, " ") == "100 150 200 300", table.concat(order, " "))
assert(#abandoned == 1)

-- Whoever waits in a group that is cancelled is told, in a group inside it, too; others are not.
local told = {}
local group = {}
scheduler.run(function()
    for name, of in pairs({ own = group, inner = { parent = group }, other = {} }) do
        scheduler.spawn(function()
            told[name] = scheduler.sleep(now + 50)
        end, of)
    end
    assert(scheduler.sleep(now + 10) == "time")
    scheduler.cancel(group)
end)
assert(told.own == "cancelled" and told.inner == "cancelled" and told.other == "time")
