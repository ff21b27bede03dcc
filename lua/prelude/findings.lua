-- findings: what is wrong with a flow, gathered while it loads; all of it, not the first.
-- Each is {severity, code, message, file, line, hint}; only errors keep a flow from running.
-- The same finding is kept once, and at most MOST of them.
local _, use = ...
local text = use "text"

local findings = { errors = 0 }

local MOST = 100
local list, seen = {}, {}
local current = "" -- the file that is looked at

-- From now on findings are the file's; returns whose they were before.
function findings.enter(file)
    local before = current
    current = file
    return before
end

local function add(severity, code, message, line, hint)
    local key = table.concat({ current, code, line or 0, message }, "\0")
    if seen[key] or #list >= MOST then
        return
    end
    seen[key] = true
    list[#list + 1] = {
        severity = severity,
        code = code,
        message = text.clean(message, 1000),
        file = current,
        line = line or 0,
        hint = text.clean(hint or "", 1000),
        order = #list,
    }
end

function findings.error(code, message, line, hint)
    findings.errors = findings.errors + 1
    add("error", code, message, line, hint)
end

function findings.warning(code, message, line, hint)
    add("warning", code, message, line, hint)
end

-- The list in the order of files and lines.
function findings.sorted()
    table.sort(list, function(a, b)
        if a.file ~= b.file then
            return a.file < b.file
        end
        return a.line < b.line or (a.line == b.line and a.order < b.order)
    end)
    local out = {}
    for i, f in ipairs(list) do
        out[i] = { severity = f.severity, code = f.code, message = f.message, file = f.file,
                   line = f.line, hint = f.hint }
    end
    return out
end

return findings
