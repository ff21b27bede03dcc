-- spelling: the known word that somebody probably meant.
-- Edit distance over short words, two letters that changed places being one edit; nil when nothing
-- is near enough to be worth saying. Used for hints only, never to decide anything.
local spelling = {}

local LONGEST = 40
local COMPARED = 1000 -- of more words than these none is looked for
local LISTED = 40

local function distance(a, b)
    local older, old, row = {}, {}, {}
    for j = 0, #b do
        row[j] = j
    end
    for i = 1, #a do
        older, old, row = old, row, older
        row[0] = i
        for j = 1, #b do
            local same = a:byte(i) == b:byte(j)
            row[j] = math.min(old[j - 1] + (same and 0 or 1), old[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
                row[j] = math.min(row[j], older[j - 2] + 1)
            end
        end
    end
    return row[#b]
end

-- How many edits are still the same word: one of a short word, two of most.
local function allowed(word)
    return #word <= 4 and 1 or math.max(2, #word // 4)
end

local function count(words)
    local n = 0
    for _ in pairs(words) do
        n = n + 1
    end
    return n
end

-- words: a table whose keys are the known words.
function spelling.nearest(word, words)
    if #word > LONGEST or count(words) > COMPARED then
        return nil
    end
    local best, least = nil, allowed(word) + 1
    for known in pairs(words) do
        local far = math.abs(#known - #word) <= least and distance(word:lower(), known:lower())
            or least + 1
        if far < least and far < #known or best and far == least and known < best then
            best, least = known, far
        end
    end
    return best
end

-- A hint: did you mean ..., else the list of all words.
function spelling.hint(word, words)
    local near = spelling.nearest(word, words)
    if near then
        return ('did you mean "%s"?'):format(near)
    end
    local all = {}
    for known in pairs(words) do
        all[#all + 1] = known
    end
    table.sort(all)
    if #all > LISTED then
        return ("known: %s ... (%d)"):format(table.concat(all, " ", 1, LISTED), #all)
    end
    return #all > 0 and "known: " .. table.concat(all, " ") or "there are none"
end

return spelling
