-- text: strings that go out to people: cut to a size at a character's edge, and always valid UTF-8.
-- Whatever an author's code made (error messages, log lines, foreign bodies) passes through here
-- before it becomes JSON; bytes that are no UTF-8 become U+FFFD.
local text = {}

-- The keys of a table as a list in their order.
function text.names(of)
    local names = {}
    for name in pairs(of) do
        names[#names + 1] = name
    end
    table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
    return names
end

function text.cut(s, max)
    if #s <= max then
        return s
    end
    local last = max
    while last > 0 and s:byte(last + 1) >= 0x80 and s:byte(last + 1) < 0xC0 do
        last = last - 1
    end
    return s:sub(1, last)
end

local function replace_broken(s)
    local out, at = {}, 1
    while at <= #s do
        local len, broken = utf8.len(s, at)
        if len then
            out[#out + 1] = s:sub(at)
            break
        end
        out[#out + 1] = s:sub(at, broken - 1) .. "\u{FFFD}"
        at = broken + 1
    end
    return table.concat(out)
end

-- At most max bytes of valid UTF-8.
function text.clean(s, max)
    if not (#s <= max and utf8.len(s)) then
        s = text.cut(s, max)
        s = utf8.len(s) and s or text.cut(replace_broken(s), max)
    end
    return s
end

-- A value as a short word for messages; never runs an author's metamethod.
function text.show(value)
    local kind = type(value)
    if kind == "string" then
        return text.clean(value, 60)
    elseif kind == "number" or kind == "boolean" or kind == "nil" then
        return tostring(value)
    end
    return "a " .. kind
end

-- A node as messages name it: task "pay".
function text.label(node)
    return ('%s "%s"'):format(node.kind, text.show(node.name))
end

-- The type of a value with its article: "a number", "an array".
function text.a(kind)
    return (kind == "nil" and "nothing") or (kind:find("^[aeiou]") and "an " or "a ") .. kind
end

return text
