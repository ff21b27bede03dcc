-- pattern: which error codes a retry or a catch means: exact, "http.5xx", "http.*" and "*".
-- problem tells a pattern that nothing could match, so that a typing mistake is found at load.
-- limit.instructions, limit.memory and cancelled end the run: no pattern matches them. Those, and
-- the other ends that no flow sees, are reserved: only the runtime tells them.
local _, use = ...
local spelling = use "spelling"

local pattern = {}

local FINAL = { ["limit.instructions"] = true, ["limit.memory"] = true, cancelled = true }
local RESERVED = { ["limit.stall"] = true, ["limit.events"] = true }
local PLAIN = { timeout = true, cancelled = true, no_match = true, lua = true,
                ["input.invalid"] = true, ["result.invalid"] = true, ["*"] = true }
local FAMILIES = {
    limit = { instructions = true, memory = true, stall = true, wait = true, payload = true,
              events = true, loop = true, depth = true },
    net = { denied = true, dns = true, connect = true, tls = true, timeout = true,
            too_large = true, redirects = true, protocol = true, read = true, write = true },
    input = { invalid = true },
    result = { invalid = true },
}

function pattern.matches(wanted, code)
    if FINAL[code] then
        return false
    elseif wanted == "*" or wanted == code then
        return true
    end
    local family = wanted:match("^(.+%.)%*$")
    if family then
        return code:sub(1, #family) == family
    end
    local class = wanted:match("^http%.([1-5])xx$")
    return class ~= nil and code:match("^http%.(%d)%d%d$") == class
end

-- Whether a flow may not raise it: the API is told that the runtime ended the run.
function pattern.is_reserved(code)
    return FINAL[code] or RESERVED[code] or code:find("^worker%.") ~= nil
end

function pattern.any(list, code)
    for _, wanted in ipairs(list) do
        if pattern.matches(wanted, code) then
            return true
        end
    end
    return false
end

local function family_problem(wanted, family, rest)
    if rest == "*" then
        return nil
    elseif family ~= "http" and rest:find("^%dxx$") then
        return ('did you mean "http.%s"?'):format(rest)
    elseif family == "http" then
        return not rest:find("^[1-5]xx$") and not rest:find("^[1-5]%d%d$")
            and 'a status like "http.503", "http.5xx" or "http.*"' or nil
    end
    local known = FAMILIES[family]
    if known and not known[rest] then
        return spelling.hint(rest, known)
    end
    return not wanted:find("^[%w_]+%.[%w_.-]*[%w_*-]$") and "write it like card.closed" or nil
end

-- nil, or a hint why no code can match.
function pattern.problem(wanted)
    if FINAL[wanted] then
        return wanted .. " ends the run and cannot be caught"
    elseif PLAIN[wanted] then
        return nil
    end
    local family, rest = wanted:match("^([%w_]+)%.(.+)$")
    if not family then
        return spelling.nearest(wanted, PLAIN) and spelling.hint(wanted, PLAIN)
            or "codes of your own have a dot, like card.closed"
    end
    return family_problem(wanted, family, rest)
end

return pattern
