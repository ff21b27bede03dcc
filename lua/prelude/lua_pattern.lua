-- lua_pattern: whether a text is a pattern that Lua's string functions take; they tell only of the
-- parts that a match reaches, so a mistake would show with some values and not with others.
-- problem(text) -> nil, or what is wrong with it.
local lua_pattern = {}

-- The place behind a set that begins at `at` with "[".
local function after_set(text, at)
    at = at + (text:sub(at + 1, at + 1) == "^" and 2 or 1)
    repeat -- the first "]" is a member
        if at > #text then
            return nil, "a [ has no ]"
        end
        at = at + (text:sub(at, at) == "%" and 2 or 1)
    until text:sub(at, at) == "]"
    return at + 1
end

-- The place behind what "%" begins at `at`.
local function after_escape(text, at)
    local letter = text:sub(at + 1, at + 1)
    if letter == "" then
        return nil, "it ends with a single %"
    elseif letter == "b" then
        if #text < at + 3 then
            return nil, "%b needs two characters"
        end
        return at + 4
    elseif letter == "f" and text:sub(at + 2, at + 2) ~= "[" then
        return nil, "%f needs a [set]"
    end
    return at + 2
end

-- Keeps count of captures: {open = list of numbers, closed = number -> true, count}.
local function capture(letter, captures)
    if letter == "(" then
        captures.count = captures.count + 1
        table.insert(captures.open, captures.count)
        return captures.count > 32 and "it has over 32 captures" or nil
    end
    local last = table.remove(captures.open)
    if not last then
        return "a ) has no ("
    end
    captures.closed[last] = true
end

local function back_reference(text, at, captures)
    local number = tonumber(text:match("^%%(%d)", at))
    if number and not captures.closed[number] then
        return ("%%%d refers to no capture before it"):format(number)
    end
end

function lua_pattern.problem(text)
    local at, captures = 1, { open = {}, closed = {}, count = 0 }
    while at <= #text do
        local letter, after, reason = text:sub(at, at), at + 1, nil
        if letter == "%" then
            after, reason = after_escape(text, at)
            reason = reason or back_reference(text, at, captures)
        elseif letter == "[" then
            after, reason = after_set(text, at)
        elseif letter == "(" or letter == ")" then
            reason = capture(letter, captures)
        end
        if reason then
            return reason
        end
        at = after
    end
    return #captures.open > 0 and "a ( has no )" or nil
end

return lua_pattern
