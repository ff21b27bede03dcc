-- graph_node: what every picture says of a node, in words. A node of a tree is {kind, name, line,
-- label?, about?, retry?, timeout?, when?, undo?, max?, tolerate?, over?, done?, delay?, flow?,
-- children, catch?}; branches and handlers are nodes of the kinds when, otherwise and on.
local _, use = ...
local measure = use "graph_measure"
local texts = use "text"

local node = {}

local TEXT_MAX = 2000

-- What comes from a flow's file and is no ordinary text: control characters and those that turn
-- the direction of what follows. White space becomes one space.
local function clean(text)
    text = texts.clean(text, TEXT_MAX):gsub("%s+", " "):gsub("%c", ""):gsub("^ ", ""):gsub(" $", "")
    return (text:gsub("\u{2028}", " "):gsub("\u{2029}", " "):gsub("\xC2[\x80-\x9F]", "")
                :gsub("\xE2\x80[\xAA-\xAE]", ""):gsub("\xE2\x81[\xA6-\xA9]", "")
                :gsub("\xEF\xBF[\xBE\xBF]", ""))
end

local function adopt(raw, path, taken)
    local out = {}
    for key, value in pairs(raw) do
        out[key] = type(value) == "string" and clean(value) or value
    end
    out.name = out.label or out.name or ""
    if out.about == "" then
        out.about = nil
    end
    out.path = path
    out.id = path
    for number = 2, math.huge do
        if not taken[out.id] then
            break
        end
        out.id = path .. "~" .. number
    end
    taken[out.id] = true
    return out
end

local function join(path, name)
    return path == "" and name or path .. "/" .. name
end

-- The paths are those of the run's events: a branch is a part of it by its label, a handler as
-- "catch"; the parts of a map or a loop have no number here.
local function copy(raw, path, taken)
    local out = adopt(raw, path, taken)
    out.children, out.catch = {}, {}
    for i, child in ipairs(raw.children or {}) do
        out.children[i] = copy(child, join(path, clean(child.label or child.name or "")), taken)
    end
    for i, handler in ipairs(raw.catch or {}) do
        out.catch[i] = copy(handler, join(path, "catch"), taken)
    end
    return out
end

-- A copy of the tree that is safe to show; each node has path and a unique id, the path if it can.
function node.prepare(tree)
    return copy(tree, "", { [""] = true })
end

-- The name that a clause goes by where its kind is told otherwise.
function node.label(it)
    return it.kind == "otherwise" and "otherwise" or it.name
end

-- The options that are shown, in order: {option, text}; the text is for a reader who sees the
-- option's icon beside it.
function node.options(it)
    local list = {}
    local function add(option, text)
        list[#list + 1] = { option = option, text = text }
    end
    if it.flow then add("flow", it.flow) end
    if it.when then add("when", "when") end
    if it.max then add("max", "max " .. it.max) end
    if it.tolerate then add("tolerate", "tolerate " .. it.tolerate) end
    if it.delay then add("delay", it.delay) end
    if it.retry then add("retry", ("%s×"):format(it.retry.attempts or "?")) end
    if it.timeout then add("timeout", it.timeout) end
    if it.undo then add("undo", "undo") end
    return list
end

local WORDS = { flow = "→ %s", retry = "↻ %s", timeout = "timeout %s" }

-- The same where there are no icons: { "↻ 4×", "timeout 10s" }.
function node.words(it)
    local words = {}
    for i, each in ipairs(node.options(it)) do
        words[i] = (WORDS[each.option] or "%s"):format(each.text)
    end
    return words
end

-- How many steps stand in it, itself not counted; clauses are none.
local CLAUSES = { when = true, otherwise = true, on = true }
function node.count(it)
    local count = 0
    for _, list in ipairs({ it.children, it.catch }) do
        for _, child in ipairs(list) do
            count = count + (CLAUSES[child.kind] and 0 or 1) + node.count(child)
        end
    end
    return count
end

-- At most max characters' width of it, for pictures that do not wrap.
function node.brief(text, max)
    return text and measure.cut(text, max)
end

return node
