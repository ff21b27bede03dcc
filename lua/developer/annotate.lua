-- annotate: lua/library/moonmill.lua: what an author can write, for editors with a Lua language
-- server (LuaCATS). ctx comes from lua/prelude/api.lua, which the runtime checks arguments by, and
-- api_docs.lua; the words of flows and specs from api_words.lua.
local _, use = ...
local api = use "api"
local docs = use "api_docs"
local kinds = use "kinds"
local signature = use "signature"
local words = use "api_words"

local annotate = {}

local HEADER = [[
---@meta moonmill
-- What a flow and its spec can use, for editors with a Lua language server.
-- Written by `moonmill new`; nothing reads it at run time.
]]

-- The types of api.lua that are called otherwise here.
local TYPES = { text = "string|moonmill.secret", percent = "number", unix_time = "number",
                code = "string", identifier = "string", event_type = "string" }
local OWN = { duration = true, level = true, digest_form = true, statuses = true, secret = true,
              http_options = true, http_reply = true }

local function type_of(name)
    return OWN[name] and "moonmill." .. name or TYPES[name] or name
end

local function spaced(doc)
    return doc and " " .. doc or ""
end

-- Tables ------------------------------------------------------------------------------------------

local function add_fields(out, fields, first)
    for i = first, #fields do
        local name, kind, doc = table.unpack(fields[i])
        local plain, mark = name:match("^(.-)(%??)$")
        local shown = plain:find("^%[") and plain or plain .. mark
        out[#out + 1] = ("---@field %s %s%s"):format(shown, kind, spaced(doc))
    end
end

local function add_class(out, class, parent)
    out[#out + 1] = ""
    out[#out + 1] = "---" .. class[2]
    out[#out + 1] = ("---@class moonmill.%s%s"):format(class[1], parent or "")
    add_fields(out, class, 3)
end

local function add_aliases(out)
    for _, alias in ipairs(words.aliases) do
        out[#out + 1] = ""
        out[#out + 1] = "---" .. alias[3]
        out[#out + 1] = ("---@alias moonmill.%s %s"):format(alias[1], alias[2])
    end
end

local function add_secret(out)
    add_class(out, { "secret", "A value that requests resolve and no script reads." })
    out[#out + 1] = "---@operator concat(string|integer|moonmill.secret): moonmill.secret"
end

-- ctx ---------------------------------------------------------------------------------------------

-- "ctx.http.get" -> "ctx.http", "get"
local function split(name)
    return name:match("^(.+)%.([%w_]+)$")
end

-- ctx.http is declared as a local of this name.
local function local_name(table_name)
    return (table_name:gsub("%.", "_"))
end

-- The types of a call with secrets: one way for each text that may be one.
local function add_overloads(out, arguments)
    for chosen, argument in ipairs(arguments) do
        local parts = {}
        for i, other in ipairs(arguments) do
            local kind = i == chosen and "moonmill.secret" or type_of(other.type)
            parts[i] = ("%s%s: %s"):format(other.name, other.optional and "?" or "", kind)
        end
        if argument.type == "text" then
            out[#out + 1] = ("---@overload fun(%s): moonmill.secret"):format(
                            table.concat(parts, ", "))
        end
    end
end

local function add_function(out, entry)
    local arguments, result = signature.read(entry[1])
    local names = {}
    out[#out + 1] = ""
    out[#out + 1] = "---" .. entry[2]
    for i, argument in ipairs(arguments) do
        local kind = result == "text" and argument.type == "text" and "string"
            or type_of(argument.type)
        names[i] = argument.name
        out[#out + 1] = ("---@param %s%s %s%s"):format(argument.name,
            argument.optional and "?" or "", kind, spaced(entry[argument.name]))
    end
    if result == "text" then
        out[#out + 1] = "---@return string"
        add_overloads(out, arguments)
    elseif result and result ~= "never" then
        out[#out + 1] = "---@return " .. type_of(result)
    end
    local table_name, name = split(entry[1])
    out[#out + 1] = ("function %s.%s(%s) end"):format(local_name(table_name), name,
                                                      table.concat(names, ", "))
end

-- ctx.log is a table and can be called.
local function add_call(out, entry)
    local parts = {}
    for i, argument in ipairs((signature.read(entry[1]))) do
        parts[i] = ("%s%s: %s"):format(argument.name, argument.optional and "?" or "",
                                       type_of(argument.type))
    end
    out[#out + 1] = ("---@overload fun(%s)"):format(table.concat(parts, ", "))
end

-- What stands in that table of ctx.
local function parts_of(table_name)
    local parts = {}
    for _, entry in ipairs(docs) do
        if split(entry[1]) == table_name then
            parts[#parts + 1] = entry
        end
    end
    return parts
end

-- The tables in it first, as their classes are its fields' types.
local function add_ctx_table(out, entry)
    local class, functions = { entry[1], entry[2] }, {}
    for _, part in ipairs(parts_of(entry[1])) do
        local _, name = split(part[1])
        if part.table then
            add_ctx_table(out, part)
            class[#class + 1] = { name, "moonmill." .. part[1], part[2] }
        elseif part.is then
            class[#class + 1] = { name, part.is, part[2] }
        else
            functions[#functions + 1] = part
        end
    end
    add_class(out, class)
    if api.functions[entry[1]] then
        add_call(out, entry)
    end
    out[#out + 1] = ("local %s = {}"):format(local_name(entry[1]))
    for _, part in ipairs(functions) do
        add_function(out, part)
    end
end

-- Words -------------------------------------------------------------------------------------------

local function add_word(out, doc, name, parameters, result)
    local names = {}
    out[#out + 1] = ""
    out[#out + 1] = "---" .. doc
    for i, parameter in ipairs(parameters) do
        local plain, mark = parameter[1]:match("^(.-)(%??)$")
        names[i] = plain
        out[#out + 1] = ("---@param %s%s %s%s"):format(plain, mark, parameter[2],
                                                      spaced(parameter[3]))
    end
    if result then
        out[#out + 1] = "---@return " .. result
    end
    out[#out + 1] = ("function %s(%s) end"):format(name, table.concat(names, ", "))
end

local NAME = { "name", "string" }
local STEPS = "fun(steps: moonmill.step[]): "

local function add_nodes(out)
    add_class(out, { "options", "What every step takes.", table.unpack(words.common) })
    add_class(out, words.flow_body)
    add_word(out, "A flow: a tree of named steps; the file returns it.", "flow", { NAME },
             "fun(body: moonmill.flow_body): moonmill.flow")
    for _, node in ipairs(words.nodes) do
        local short = words.short[node[1]]
        add_class(out, node, ": moonmill.options")
        add_word(out, node[2], node[1], { NAME }, ("fun(body: moonmill.%s%s): moonmill.step")
                 :format(node[1], short and "|" .. short or ""))
    end
    add_word(out, "A branch of a choice: taken when it is the first whose predicate holds.", "when",
             { { "label", "string" }, { "predicate", "moonmill.predicate" } },
             STEPS .. "moonmill.branch")
    add_word(out, "The branch of a choice that is taken when no other is.", "otherwise",
             { { "steps", "moonmill.step[]" } }, "moonmill.branch")
    add_word(out, "What runs when a step failed with such a code; s.err is the error.", "on",
             { { "pattern", "string", '"card.closed", "http.5xx", "http.*" or "*"' } },
             STEPS .. "moonmill.handler")
end

local function add_spec(out)
    for _, class in ipairs(words.spec_tables) do
        add_class(out, class)
    end
    out[#out + 1] = "---@overload fun(value: any, message?: string): any"
    out[#out + 1] = "assert = {}"
    for _, word in ipairs(words.spec) do
        add_word(out, word[2], word[1], table.move(word, 3, #word, 1, {}), word.gives)
    end
end

-- Completeness ------------------------------------------------------------------------------------

local function names_of(fields, first, into)
    for i = first, #fields do
        into[fields[i][1]:match("^[%w_]+") or ""] = true
    end
    return into
end

local function must_match(what, known, told)
    for name in pairs(known) do
        assert(told[name], ("%s has no documentation of %s"):format(what, name))
    end
    for name in pairs(told) do
        assert(known[name] or name == "", ("%s has no %s"):format(what, name))
    end
end

-- Whatever the runtime takes is documented, and nothing else is.
local function check()
    local told = {}
    for _, entry in ipairs(docs) do
        told[entry[1]] = not entry.is and (not entry.table or api.functions[entry[1]]) or nil
    end
    must_match("ctx", api.functions, told)
    must_match("flow", kinds.flow.options, names_of(words.flow_body, 3, {}))
    for _, node in ipairs(words.nodes) do
        must_match(node[1], kinds[node[1]].options,
                   names_of(node, 3, names_of(words.common, 1, {})))
    end
    for _, class in ipairs(words.tables) do
        if class[1] == "http_options" then
            must_match("http_options", api.http_options, names_of(class, 3, {}))
        end
    end
end

-- The text of lua/library/moonmill.lua.
function annotate.render()
    check()
    local out = { HEADER:sub(1, -2) }
    add_aliases(out)
    for _, handle in ipairs(words.handles) do
        add_class(out, handle)
    end
    add_secret(out)
    for _, class in ipairs(words.tables) do
        add_class(out, class)
    end
    add_ctx_table(out, docs[1])
    add_nodes(out)
    add_spec(out)
    return table.concat(out, "\n") .. "\n"
end

return annotate
