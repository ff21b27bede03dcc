-- findings: what is wrong with a flow, gathered while it loads; all of it, not the first.
-- Each is {severity, code, message, file, line, column, hint}; only errors keep a flow from
-- running. The same finding is kept once, and at most MOST of them, errors before warnings.
local _, use = ...
local places = use "places"
local text = use "text"

local findings = { errors = 0 }

local MOST = 100
local lists = { error = {}, warning = {} }
local seen, said, lines = {}, {}, {}
local current = "" -- the file that is looked at

-- From now on findings are the file's; returns whose they were before.
function findings.enter(file)
    local before = current
    current = file
    return before
end

-- File, line and column of a line of the current file, of a node, or of a table {file, line,
-- column} or {node, option | entry | again} (places.lua).
local function locate(where)
    if type(where) ~= "table" then
        return current, where or 0, 0
    elseif where.kind then
        where = { node = where }
    end
    local file = where.file or current
    if where.node then
        return file, places.of(file, where.node, where)
    end
    return file, where.line or 0, where.column or 0
end

local function add(severity, code, message, where, hint)
    local file, line, column = locate(where)
    local key = table.concat({ file, code, line, message }, "\0")
    local list = lists[severity]
    if seen[key] then
        seen[key].column = seen[key].column > 0 and seen[key].column or column
    elseif #list < MOST then
        seen[key] = { severity = severity, code = code, message = text.clean(message, 1000),
                      file = file, line = line, column = column,
                      hint = text.clean(type(hint) == "function" and hint() or hint or "", 1000),
                      order = #lists.error + #lists.warning }
        list[#list + 1] = seen[key]
        said[code .. "\0" .. message] = true
        lines[table.concat({ file, line, code }, "\0")] = true
    end
end

-- hint: a text, or a function that makes one when the finding is kept; may be nil.
function findings.error(code, message, where, hint)
    findings.errors = findings.errors + 1
    add("error", code, message, where, hint)
end

function findings.warning(code, message, where, hint)
    add("warning", code, message, where, hint)
end

function findings.none()
    return #lists.error == 0 and #lists.warning == 0
end

-- Whether this was told, on whatever line.
function findings.said(code, message)
    return said[code .. "\0" .. message] or false
end

local ORDER = { "file", "line", "column", "order" }

local function comes_before(a, b)
    for _, field in ipairs(ORDER) do
        if a[field] ~= b[field] then
            return a[field] < b[field]
        end
    end
    return false
end

-- Whether one of the codes was told of that file and line.
function findings.told(where, codes)
    local file, line = locate(where)
    for _, code in ipairs(codes) do
        if lines[table.concat({ file, line, code }, "\0")] then
            return true
        end
    end
    return false
end

-- The list in the order of files, lines and columns.
function findings.sorted()
    local all = table.move(lists.error, 1, #lists.error, 1, {})
    table.move(lists.warning, 1, MOST - #all, #all + 1, all)
    table.sort(all, comes_before)
    local out = {}
    for i, f in ipairs(all) do
        out[i] = { severity = f.severity, code = f.code, message = f.message, file = f.file,
                   line = f.line, column = f.column, hint = f.hint }
    end
    return out
end

return findings
