-- syntax: what to say about a text that Lua did not compile: where it is, and what to do.
-- Two entries of a table without a comma between them are an error near the second one's beginning;
-- that is told as what it is.
local _, use = ...
local findings = use "findings"
local kinds = use "kinds"
local lexer = use "lexer"
local scan = use "scan"
local spelling = use "spelling"

local syntax = {}

local BEGINS = { name = true, string = true, number = true, ["{"] = true, ["["] = true,
                 ["function"] = true }
-- By the token that Lua does not know what to do with: habits of other languages.
local HABITS = {
    ["!"] = "not equal is ~= in Lua, and `not` denies",
    ["!="] = "not equal is ~= in Lua",
    ["&"] = "both is `and` in Lua",
    ["|"] = "either is `or` in Lua",
    ["+"] = "write x = x + 1",
    ["-"] = "write x = x - 1",
    ["//"] = "a comment begins with --",
    ["?"] = "write a and b or c, or if a then ... end",
    ["<eof>"] = "something that was opened is not closed",
    ["catch"] = "pcall(f, ...) catches an error in Lua",
}

-- The word in front of the place, as a keyword that it was perhaps meant to be.
local function keyword_before(text, before)
    local number, word = 0, nil
    for content in (text .. "\n"):gmatch("(.-)\r?\n") do
        number = number + 1
        if number == lexer.line(before) then
            word = content:sub(1, lexer.column(before) - 1):match("([%a_][%w_]+)$")
            break
        end
    end
    return word and not lexer.keywords[word] and spelling.nearest(word, lexer.keywords)
end

local function hint_of(message)
    local wanted, opened, line = message:match("^'(.-)' expected %(to close '(.-)' at line (%d+)%)")
    if wanted then
        return ("the '%s' of line %s wants its '%s'"):format(opened, line, wanted)
    end
    local near = message:match("near '?(.-)'?$")
    wanted = message:match("^'?(.-)'? expected near")
    if message:find("^unfinished string") then
        return "a string ends on its line; [[ ... ]] may go on"
    elseif near and HABITS[near] then
        return HABITS[near]
    elseif wanted then
        return ("write %s before %s"):format(wanted, near)
    elseif near == ")" or near == "}" or near == "," then
        return "is there an `end` too few, or too many, before it?"
    end
    return "this is no Lua"
end

-- Where the text stops being Lua, when that is what the message means.
local function where_of(facts, line)
    local stopped = facts.stopped
    if stopped and (lexer.line(stopped) == line or facts.token == "<bad>") then
        return { line = lexer.line(stopped), column = lexer.column(stopped) }
    end
    return { line = line or 0 }
end

-- A finding for a text of the current file; message and line are Lua's.
function syntax.tell(text, message, line)
    local facts = scan.read(text, {}, kinds)
    local where = where_of(facts, line)
    local closing, near = message:match("^'([})])' expected.* near '(.+)'$")
    if not closing or not BEGINS[facts.token] or not where.column then
        local keyword = where.column and keyword_before(text, facts.before)
        return findings.error("syntax", message, where, keyword and
                              ('did you mean "%s"?'):format(keyword) or hint_of(message))
    end
    local what = closing == ")" and "argument" or kinds[near] and "step" or "entry"
    findings.error("comma.missing", ("a comma is missing before '%s'"):format(near), where,
                   ("put a comma after the %s that ends on line %d"):format(
                   what, lexer.line(facts.before)))
end

return syntax
