-- judge: compares what a run did with what its case expects; used by test_prelude.c.
-- judge(case, seen) returns a list of differences as text; nothing expected is nothing compared.
-- seen: {described, startable, outcome, events, requests, heads, abandoned, progress, clock_ms}.

local function show(value)
    if type(value) ~= "table" then
        return tostring(value)
    end
    local lines = {}
    for i, item in ipairs(value) do
        lines[i] = "\n        " .. tostring(item)
    end
    return #lines > 0 and table.concat(lines) or "(none)"
end

local function same(a, b)
    return show(a) == show(b)
end

-- described is nil when the run ended while it loaded.
-- "error option.unknown 3" for each finding, in order, or "error option.unknown 3:14" where a
-- column is expected, too.
local FINDING = '"code":"([%w_.]+)","column":(%d+),"file":".-","hint":".-","line":(%d+),'
    .. '"message":".-","severity":"(%a+)"'

local function findings_of(described, expected)
    local list = {}
    for code, column, line, severity in (described or ""):gmatch(FINDING) do
        local want = expected[#list + 1] or ""
        list[#list + 1] = ("%s %s %s"):format(severity, code, line)
            .. (want:find(":%d+$") and ":" .. column or "")
    end
    return list
end

local OUTCOME = { "output", "code", "message", "step", "file", "line", "attempt", "data",
                  "trace" }
local LISTS = { "events", "requests", "heads", "progress", "abandoned" }

-- Durations are the machine's: any number of them is "~".
local function timeless(list)
    local out = {}
    for i, item in ipairs(list) do
        out[i] = tostring(item):gsub('"duration_ms":%d+', '"duration_ms":~')
    end
    return out
end

local function check_outcome(expect, seen, differ)
    local outcome = seen.outcome or {}
    for _, field in ipairs(OUTCOME) do
        local want = expect[field]
        if want ~= nil then
            local got = outcome[field]
            differ(field, want, got == nil and "nil" or got)
        end
    end
    local failed = expect.code ~= nil
    if not expect.findings and not (expect.says and not seen.startable) then
        differ("completed", not failed, outcome.completed)
    end
end

return function(case, seen)
    local expect, differences = case.expect, {}
    local function differ(what, want, got)
        if not same(want, got) then
            differences[#differences + 1] = ("%s: expected %s, got %s"):format(
                what, show(want), show(got))
        end
    end
    local findings = expect.findings or {}
    differ("findings", findings, findings_of(seen.described, findings))
    for _, words in ipairs(expect.says or {}) do
        local text = (seen.described or "") .. "\n" .. (seen.outcome and seen.outcome.message or "")
        if not text:find(words, 1, true) then
            differences[#differences + 1] = ("not said: %s\n    in %s"):format(words, text)
        end
    end
    check_outcome(expect, seen, differ)
    for _, name in ipairs(LISTS) do
        if expect[name] then
            differ(name, expect[name], timeless(seen[name]))
        end
    end
    local from, to = table.unpack(expect.waited or { 0, math.huge })
    if seen.clock_ms < from or seen.clock_ms > to then
        differ("waited", ("%d to %d ms"):format(from, to), seen.clock_ms)
    end
    if #differences > 0 and seen.outcome then
        differences[#differences + 1] = "message was: " .. tostring(seen.outcome.message)
    end
    return differences
end
