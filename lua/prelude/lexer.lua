-- lexer: Lua 5.4 source to tokens, one at a time; nothing is kept of those before.
-- open(text) -> read, before. read() -> token, value, place: the token is "name", "string",
-- "number", "<end>", "<bad>" (no Lua from here on), or the keyword or operator itself.
local lexer = {}

local byte, find, match, sub = string.byte, string.find, string.match, string.sub

local VALUE_MAX = 200 -- longer strings have no value; nor have those with escapes
local COLUMN_BITS = 21
local COLUMN_MASK = (1 << COLUMN_BITS) - 1
local NEVER = math.maxinteger

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
               return then true until while]]):gmatch("%a+") do
    KEYWORDS[word] = word
end

-- By first byte: what can only be itself, and what may go on.
local SINGLE, SEVERAL = {}, {}
for c in ("+*%^#&|(){}];,"):gmatch(".") do
    SINGLE[byte(c)] = c
end
for c in ("-./=~<>:["):gmatch(".") do
    SEVERAL[byte(c)] = c
end
local DOUBLE = { [".."] = true, ["//"] = true, ["=="] = true, ["~="] = true, ["<="] = true,
                 [">="] = true, ["<<"] = true, [">>"] = true, ["::"] = true }

local DASH, DOT, BRACKET, ZERO, NINE, QUOTE, APOSTROPHE, BACKSLASH = byte("-.[09\"'\\", 1, -1)
local STOPS = { [QUOTE] = '["\\\r\n]', [APOSTROPHE] = "['\\\r\n]" }

lexer.keywords = KEYWORDS

-- A place is line and column in one integer, so that places sort and cost no table.
function lexer.line(place)
    return place >> COLUMN_BITS
end

function lexer.column(place)
    return place & COLUMN_MASK
end

-- The first byte behind a long string that begins at pos (nil: it has no end), its first and last.
local function long_end(text, pos)
    local level = match(text, "^%[(=*)%[", pos)
    if level then
        local _, last = find(text, "]" .. level .. "]", pos + 2 + #level, true)
        return last and last + 1, pos + 2 + #level, last and last - 2 - #level
    end
end

-- The first byte behind a comment that begins at pos.
local function comment_end(text, pos)
    if byte(text, pos + 2) == BRACKET and find(text, "^%[=*%[", pos + 2) then
        return long_end(text, pos + 2)
    end
    return find(text, "[\r\n]", pos) or #text + 1
end

-- The first byte behind an escape, which may be a line's end or \z and all space behind it.
local function escape_end(text, pos)
    local _, last = find(text, "^z%s*", pos + 1)
    if not last then
        _, last = find(text, "^[\r\n][\r\n]?", pos + 1)
    end
    return (last or pos + 1) + 1
end

-- The first byte behind a quoted string that begins at pos (nil: it has no end), and whether it has
-- escapes.
local function quoted_end(text, pos, quote)
    local stops, escaped = STOPS[quote], false
    local at = find(text, stops, pos + 1)
    while at do
        local b = byte(text, at)
        if b == quote then
            return at + 1, escaped
        elseif b ~= BACKSLASH then
            return nil
        end
        escaped = true
        at = find(text, stops, escape_end(text, at))
    end
end

-- The first byte behind a number that begins at pos; nil when letters follow.
local function number_end(text, pos)
    local _, last = find(text, "^0[xX]%x*%.?%x*", pos)
    local exponent = "^[pP][+-]?%d+"
    if not last then
        _, last = find(text, "^%d*%.?%d*", pos)
        exponent = "^[eE][+-]?%d+"
    end
    local _, whole = find(text, exponent, last + 1)
    local after = (whole or last) + 1
    return not find(text, "^[%w_]", after) and after or nil
end

local function value_of(text, first, last)
    return last - first < VALUE_MAX and sub(text, first, last) or nil
end

-- token, value, first byte behind it; begins with a byte that is no letter.
local function other(text, pos, b)
    if b == QUOTE or b == APOSTROPHE then
        local after, escaped = quoted_end(text, pos, b)
        if after then
            return "string", not escaped and value_of(text, pos + 1, after - 2) or nil, after
        end
    elseif b >= ZERO and b <= NINE or b == DOT and find(text, "^%d", pos + 1) then
        local after = number_end(text, pos)
        if after then
            return "number", nil, after
        end
    elseif b == BRACKET and find(text, "^%[=*%[", pos) then
        local after, first, last = long_end(text, pos)
        if after then
            return "string", value_of(text, first, last), after
        end
    elseif SEVERAL[b] then
        local two = sub(text, pos, pos + 1)
        if two == ".." and byte(text, pos + 2) == DOT then
            return "...", nil, pos + 3
        elseif DOUBLE[two] then
            return two, nil, pos + 2
        end
        return SEVERAL[b], nil, pos + 1
    end
    return "<bad>", nil, #text + 1
end

-- The first byte of the next token; one behind the text at its end, nil inside an endless comment.
local function skip(text, pos)
    pos = find(text, "%S", pos)
    while pos and byte(text, pos) == DASH and byte(text, pos + 1) == DASH do
        pos = comment_end(text, pos)
        if not pos then
            return nil
        end
        pos = find(text, "%S", pos)
    end
    return pos or #text + 1
end

-- before() is the place just behind the token before the last one that was read.
function lexer.open(text)
    local pos, line, base = 1, 1, 0
    local break_at = find(text, "[\r\n]") or NEVER -- the next line's end
    local before = 1 << COLUMN_BITS | 1

    local function place_of(at)
        while break_at < at do
            local first, second = byte(text, break_at, break_at + 1)
            if second ~= first and (second == 10 or second == 13) then
                break_at = break_at + 1
            end
            line, base = line + 1, break_at
            break_at = find(text, "[\r\n]", break_at + 1) or NEVER
        end
        return line << COLUMN_BITS | at - base
    end

    local function read()
        before = place_of(pos)
        pos = skip(text, pos)
        if not pos then
            pos = #text + 1
            return "<bad>", nil, before
        end
        local place = place_of(pos)
        local word, after = match(text, "^([%a_][%w_]*)()", pos)
        if word then
            pos = after
            return KEYWORDS[word] or "name", word, place
        end
        local b = byte(text, pos)
        if not b then
            return "<end>", nil, place
        elseif SINGLE[b] then
            pos = pos + 1
            return SINGLE[b], nil, place
        end
        local token, value
        token, value, pos = other(text, pos, b)
        return token, value, place
    end

    return read, function() return before end
end

return lexer
