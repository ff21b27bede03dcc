-- spec_diff: whether two values are the same all the way down, and where they are not.
-- Numbers are compared by value (1 == 1.0), tables by their entries, everything else by identity;
-- how an empty table came about (array or object) makes no difference.
local _, use = ...
local show = use "spec_show"

local diff = {}

local LISTED_MAX = 8
local DEPTH_MAX = 200

local same

local function same_entries(a, b, depth, seen)
    for key, item in next, a do
        if not same(item, rawget(b, key), depth + 1, seen) then
            return false
        end
    end
    for key in next, b do
        if rawget(a, key) == nil then
            return false
        end
    end
    return true
end

-- seen[a][b]: being compared further out, so that a cycle ends.
function same(a, b, depth, seen)
    if rawequal(a, b) or a == b then
        return true
    elseif type(a) ~= "table" or type(b) ~= "table" or depth > DEPTH_MAX then
        return false
    end
    seen[a] = seen[a] or {}
    if seen[a][b] then
        return true
    end
    seen[a][b] = true
    return same_entries(a, b, depth, seen)
end

function diff.same(a, b)
    return same(a, b, 0, {})
end

local function step_of(path, key)
    if show.is_name(key) then
        return path == "" and key or path .. "." .. key
    end
    return ("%s[%s]"):format(path, show.brief(key))
end

-- The first byte at which two texts differ, with what stands around it.
local function text_difference(expected, actual)
    local at = 1
    while at <= #expected and expected:byte(at) == actual:byte(at) do
        at = at + 1
    end
    local from = math.max(1, at - 20)
    while from < at and (expected:byte(from) or 0) & 0xC0 == 0x80 do
        from = from + 1
    end
    local before = from > 1 and "..." or ""
    return ("from byte %d on: expected %s, actual %s"):format(at,
           before .. show.brief(expected:sub(from, from + 50)),
           before .. show.brief(actual:sub(from, from + 50)))
end

local LONG_TEXT = 40

local function one_line(path, expected, actual)
    local place = path == "" and "" or "at " .. path .. ": "
    if actual == nil then
        return ("%smissing, expected %s"):format(place, show.brief(expected))
    elseif expected == nil then
        return ("%snot expected: %s"):format(place, show.brief(actual))
    elseif type(expected) == "string" and type(actual) == "string"
        and #expected > LONG_TEXT and #actual > LONG_TEXT then
        return place .. text_difference(expected, actual)
    end
    return ("%sexpected %s, actual %s"):format(place, show.brief(expected), show.brief(actual))
end

local gather

local function gather_entries(expected, actual, path, found, seen)
    for _, key in ipairs(show.sorted_keys(expected)) do
        gather(rawget(expected, key), rawget(actual, key), step_of(path, key), found, seen)
    end
    for _, key in ipairs(show.sorted_keys(actual)) do
        if rawget(expected, key) == nil then
            gather(nil, rawget(actual, key), step_of(path, key), found, seen)
        end
    end
end

function gather(expected, actual, path, found, seen)
    if diff.same(expected, actual) then
        return
    elseif type(expected) ~= "table" or type(actual) ~= "table" or seen[expected] then
        found[#found + 1] = one_line(path, expected, actual)
        return
    end
    seen[expected] = true
    gather_entries(expected, actual, path, found, seen)
    seen[expected] = nil
end

-- A line a difference, each with its path; empty when the values are the same, or are no tables
-- and short, where showing both says it all.
function diff.list(expected, actual)
    local found = {}
    local long = type(expected) == "string" and type(actual) == "string"
        and #expected > LONG_TEXT and #actual > LONG_TEXT
    if long or type(expected) == "table" and type(actual) == "table" then
        gather(expected, actual, "", found, {})
    end
    if #found > LISTED_MAX then
        found[LISTED_MAX + 1] = ("and %d more"):format(#found - LISTED_MAX)
    end
    return table.move(found, 1, math.min(#found, LISTED_MAX + 1), 1, {})
end

return diff
