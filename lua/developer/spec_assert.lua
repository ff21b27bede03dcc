-- spec_assert: a spec's assert, in busted's words: assert(v, message), assert.equal, assert.is_nil,
-- assert.are_not.same, assert.has_error ... Words are joined by "." or "_", in any case; is are was
-- has have does be a an the to change nothing, not and no turn the meaning round.
local host, use = ...
local diff = use "spec_diff"
local fault = use "fault"
local show = use "spec_show"
local spelling = use "spelling"
local text = use "text"

local asserting = {}

local FILLERS = { is = true, are = true, was = true, were = true, has = true, have = true,
                  does = true, be = true, a = true, an = true, the = true, to = true }
local REVERSERS = { ["not"] = true, no = true }

-- Failures that were raised here: {message, file, line}.
local made = setmetatable({}, { __mode = "k" })
local meta = {
    __name = "failure", __metatable = "failure",
    __tostring = function(failure) return failure.message end,
}

-- Ends the test with this text, blaming the innermost line of the author's.
function asserting.fail(message)
    local file, line = host.where(1)
    local failure = setmetatable({ message = message, file = file, line = line }, meta)
    made[failure] = true
    error(failure, 0)
end

function asserting.is_failure(value)
    return made[value] ~= nil
end

local LINES_MAX = 20

local function block(label, shown)
    local lines, cut = 0, nil
    for at in shown:gmatch("()\n") do
        lines = lines + 1
        cut = lines == LINES_MAX and at or cut
    end
    if cut then
        shown = ("%s\n... (%d more lines)"):format(shown:sub(1, cut - 1), lines - LINES_MAX + 1)
    end
    if lines > 0 then
        return ("\n  %s\n    %s"):format(label, (shown:gsub("\n", "\n    ")))
    end
    return ("\n  %-9s %s"):format(label, shown)
end

-- it: {says, expected, actual, hint, differences}, texts all; own: the author's message.
local function tell(it, own)
    local message = own ~= nil and text.clean(tostring(own), 2000) .. "\n" .. it.says or it.says
    if it.expected then
        message = message .. block(it.expected_label or "expected:", it.expected)
    end
    if it.actual then
        message = message .. block("actual:", it.actual)
    end
    for _, line in ipairs(it.differences or {}) do
        message = message .. "\n  " .. line
    end
    return it.hint and message .. "\n  " .. it.hint or message
end

-- word -> { needs: number of arguments, usage, own: the place of the author's message,
-- check(args, n, reversed) -> holds, what to tell when it should be the other way }
local words = {}

local function both(says, expected, actual)
    return { says = says, expected = show.value(expected), actual = show.value(actual) }
end

local function unwanted(says, value)
    return { says = says, expected_label = "got:", expected = show.value(value) }
end

words.equal = { needs = 2, usage = "expected, actual", own = 3 }

function words.equal.check(args, _, reversed)
    local expected, actual = args[1], args[2]
    if reversed then
        return expected == actual, unwanted("expected the values to differ", actual)
    end
    local it = both("expected the values to be equal", expected, actual)
    it.differences = type(expected) == "string" and diff.list(expected, actual)
    if type(expected) == "table" and diff.same(expected, actual) then
        it.hint = "they are two tables with the same contents; assert.same compares contents"
    end
    return expected == actual, it
end

words.same = { needs = 2, usage = "expected, actual", own = 3 }

function words.same.check(args, _, reversed)
    local expected, actual = args[1], args[2]
    if reversed then
        return diff.same(expected, actual), unwanted("expected the values to differ", actual)
    end
    local it = both("expected the values to be the same", expected, actual)
    it.differences = diff.list(expected, actual)
    return diff.same(expected, actual), it
end

local function add_value(name, value)
    words[name] = { needs = 1, usage = "value", own = 2 }
    words[name].check = function(args, _, reversed)
        if reversed then
            return args[1] == value, { says = ("expected anything but %s"):format(name) }
        end
        return args[1] == value, unwanted("expected " .. name, args[1])
    end
end
add_value("nil", nil)
add_value("true", true)
add_value("false", false)

local function add_truth(name, wanted)
    words[name] = { needs = 1, usage = "value", own = 2 }
    words[name].check = function(args, _, reversed)
        local says = ("expected a value that is%s %s"):format(reversed and " not" or "", name)
        return (args[1] and true or false) == wanted, unwanted(says, args[1])
    end
end
add_truth("truthy", true)
add_truth("falsy", false)

local function add_type(name)
    words[name] = { needs = 1, usage = "value", own = 2 }
    words[name].check = function(args, _, reversed)
        local holds = type(args[1]) == name and (args[1] ~= host.null)
        local says = ("expected %s%s"):format(reversed and "anything but " or "", text.a(name))
        return holds, unwanted(says, args[1])
    end
end
for _, name in ipairs({ "boolean", "number", "string", "table", "function" }) do
    add_type(name)
end

local function must(name, place, value, kind)
    if type(value) ~= kind then
        fault.misuse(("assert.%s: argument %d must be %s, got %s"):format(name, place, text.a(kind),
                     show.brief(value)))
    end
end

words.near = { needs = 3, usage = "expected, actual, tolerance", own = 4 }

function words.near.check(args, _, reversed)
    for i = 1, 3 do
        must("near", i, args[i], "number")
    end
    local says = ("expected %s within %s of"):format(reversed and "no number" or "a number",
                                                     show.value(args[3]))
    local it = both(says, args[1], args[2])
    return math.abs(args[1] - args[2]) <= args[3], it
end

-- The pattern's place in args is 1 here and 2 where a function stands before it.
local function find(name, args, place, subject)
    must(name, place, args[place], "string")
    local init, plain = args[place + 2], args[place + 3]
    local ok, found = pcall(string.find, subject, args[place], math.tointeger(init) or 1,
                            plain == true)
    if not ok then
        fault.misuse(("assert.%s: the pattern %s is none: %s"):format(name,
                     show.brief(args[place]), found))
    end
    return found ~= nil
end

local function pattern_told(says, pattern, subject)
    local it = both(says, pattern, subject)
    it.expected_label = "pattern:"
    return it
end

words.matches = { needs = 2, usage = "pattern, actual", own = 3 }

function words.matches.check(args, _, reversed)
    local actual = args[2]
    if type(actual) ~= "string" and type(actual) ~= "number" then
        return false, pattern_told("expected text that matches", args[1], actual)
    end
    local says = reversed and "expected text that does not match" or "expected text that matches"
    return find("matches", args, 1, tostring(actual)), pattern_told(says, args[1], actual)
end

-- What f raised, without the position that Lua puts before a string: raised?, value.
local function raised_by(name, f)
    must(name, 1, f, "function")
    local ok, value = pcall(f)
    if type(value) == "string" then
        value = value:gsub("^[^\n]-:%d+: ", "", 1)
    elseif made[value] then
        value = value.message
    end
    return not ok, value
end

words.error = { needs = 1, usage = "function, error", own = 3 }

function words.error.check(args, _, reversed)
    local raised, value = raised_by("has_error", args[1])
    if reversed and args[2] == nil then
        return raised, unwanted("expected no error", value)
    elseif reversed then
        return raised and diff.same(args[2], value), unwanted("expected another error", value)
    elseif not raised then
        return false, { says = "expected an error, and there was none" }
    elseif args[2] == nil then
        return true
    end
    local it = both("expected another error", args[2], value)
    it.differences = diff.list(args[2], value)
    return diff.same(args[2], value), it
end

words.error_matches = { needs = 2, usage = "function, pattern", own = 5 }

function words.error_matches.check(args, _, reversed)
    local raised, value = raised_by("error_matches", args[1])
    local shown = type(value) == "table" and show.brief(value) or tostring(value)
    if not raised then
        return false, { says = "expected an error, and there was none" }
    end
    local says = reversed and "expected an error that does not match"
        or "expected an error that matches"
    return find("error_matches", args, 2, shown), pattern_told(says, args[2], value)
end

words.unique = { needs = 1, usage = "list", own = 2 }

function words.unique.check(args, _, reversed)
    must("unique", 1, args[1], "table")
    local deep = args[2] == true or args[3] == true
    local keys = show.sorted_keys(args[1])
    for i, key in ipairs(keys) do
        for j = i + 1, #keys do
            local a, b = args[1][key], args[1][keys[j]]
            if a == b or deep and diff.same(a, b) then
                local it = unwanted("expected values that are all different", args[1])
                it.differences = { ("at %s and %s: %s"):format(show.brief(key), show.brief(keys[j]),
                                                           show.brief(a)) }
                return false, it
            end
        end
    end
    return true, reversed and unwanted("expected values of which some are the same", args[1])
end

for alias, name in pairs({ equals = "equal", match = "matches", errors = "error",
                           matches_error = "error_matches" }) do
    words[alias] = words[name]
end

-- The assertion's word, and whether its meaning is turned round.
local function resolve(tokens)
    local left, reversed = {}, false
    for _, token in ipairs(tokens) do
        if REVERSERS[token] then
            reversed = not reversed
        elseif not FILLERS[token] then
            left[#left + 1] = token
        end
    end
    return table.concat(left, "_"), reversed
end

local function perform(tokens, ...)
    local name, reversed = resolve(tokens)
    local word = words[name]
    local args = table.pack(...)
    if not word then
        fault.misuse(("assert.%s is no assertion: %s"):format(text.show(table.concat(tokens, "_")),
                     spelling.hint(text.show(name), words)))
    elseif args.n < word.needs then
        fault.misuse(("assert.%s takes (%s), got %d argument%s"):format(name, word.usage, args.n,
                     args.n == 1 and "" or "s"))
    end
    local holds, it = word.check(args, args.n, reversed)
    if holds == reversed then
        local own = args[word.own]
        asserting.fail(tell(it, type(own) == "string" and own or nil))
    end
    return ...
end

local function chain(tokens)
    return setmetatable({}, {
        __metatable = "assert",
        __index = function(_, key)
            local longer = table.move(tokens, 1, #tokens, 1, {})
            for token in tostring(key):lower():gmatch("[^_]+") do
                longer[#longer + 1] = token
            end
            return chain(longer)
        end,
        __newindex = function()
            fault.misuse("assert cannot be changed")
        end,
        __call = function(_, ...)
            if #tokens > 0 then
                return perform(tokens, ...)
            end
            local value, message = ...
            if value then
                return ...
            elseif message ~= nil and type(message) ~= "string" then
                error(message, 0)
            end
            asserting.fail(message or "assertion failed!")
        end,
    })
end

asserting.assert = chain({})

return asserting
