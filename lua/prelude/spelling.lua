-- spelling: the known word that somebody probably meant.
-- Edit distance over short words; nil when nothing is near enough to be worth saying.
-- Used for hints only, never to decide anything.
local spelling = {}

local LONGEST = 40

local function distance(a, b)
    local row = {}
    for j = 0, #b do
        row[j] = j
    end
    for i = 1, #a do
        local diagonal
        diagonal, row[0] = row[0], i
        for j = 1, #b do
            local change = diagonal + (a:byte(i) == b:byte(j) and 0 or 1)
            diagonal, row[j] = row[j], math.min(change, row[j] + 1, row[j - 1] + 1)
        end
    end
    return row[#b]
end

-- words: a table whose keys are the known words.
function spelling.nearest(word, words)
    local best, least = nil, math.max(2, #word // 3) + 1
    for known in pairs(words) do
        local far = #word <= LONGEST and distance(word:lower(), known:lower()) or LONGEST
        if far < least and far < #known or (best and far == least and known < best) then
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
    return #all > 0 and "known: " .. table.concat(all, " ") or "there are none"
end

return spelling
