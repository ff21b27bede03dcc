-- wellformed: whether files are well-formed XML 1.0, as far as a picture uses it: one element, tags
-- that close in order, quoted attributes, each once, known entities, characters that XML has.
-- usage: lua5.4 wellformed.lua FILE...
local function check_text(text)
    local rest = text:gsub("&%a+;", { ["&amp;"] = "", ["&lt;"] = "", ["&gt;"] = "",
                                      ["&quot;"] = "" }):gsub("&#%d+;", "")
    assert(not rest:find("[&<>]"), "a bare & < or > in: " .. text:sub(1, 60))
end

local function check_attributes(text)
    local seen, rest = {}, text
    while rest:find("%S") do
        local name, value, after = rest:match('^%s+([%w:-]+)="([^"]*)"(.*)$')
        assert(name, "no attribute: " .. rest:sub(1, 60))
        assert(not seen[name], "an attribute twice: " .. name)
        seen[name] = true
        check_text(value)
        rest = after
    end
    return seen
end

local function check(xml)
    local open, ids, at = {}, {}, 1
    assert(utf8.len(xml), "not UTF-8")
    assert(not xml:find("[%z\1-\8\11\12\14-\31]"), "a control character")
    while true do
        local first, last, slash, name, attributes, empty =
            xml:find("<(/?)([%w:]+)([^<>]-)(/?)>", at)
        check_text(xml:sub(at, (first or 0) - 1))
        if not first then
            break
        end
        assert(open[1] or at == 1, "a second element")
        if slash == "/" then
            assert(table.remove(open) == name, "a </" .. name .. "> that closes nothing")
        elseif empty == "" then
            open[#open + 1] = name
        end
        check_attributes(attributes)
        local id = attributes:match(' id="([^"]*)"')
        assert(not id or not ids[id], "an id twice")
        ids[id or ""] = true
        at = last + 1
    end
    assert(#open == 0, "an element is not closed")
end

for _, path in ipairs(arg) do
    local file = assert(io.open(path, "rb"))
    local good, problem = pcall(check, file:read("a"))
    file:close()
    if not good then
        io.stderr:write(path, ": ", problem, "\n")
        os.exit(1)
    end
end
