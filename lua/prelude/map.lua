-- map: children once for each item of a list, MAX_DEFAULT side by side unless max says otherwise.
-- The result is a list as long as the items. tolerate (a count, or a share like "10%", rounded
-- down) lets that many fail: null in their places, and told in s.errors.<name>.
local host, use = ...
local branches = use "branches"
local fault = use "fault"
local findings = use "findings"
local options = use "options"
local pattern = use "pattern"
local record = use "record"
local strand = use "strand"
local text = use "text"

local MAX_DEFAULT = 16

local map = { options = { over = options.callback, max = options.count,
                          tolerate = options.tolerance }, step = true }

function map.validate(node)
    if node.options.over == nil and not node.partial then
        findings.error("run.missing", text.label(node) .. " has no over", node,
                       "write over = function(s) return s.<list> end")
    end
end

-- True, the items as plain values | false, fault. They are a record, too.
local function items_of(frame)
    local ok, list = strand.call(frame, frame.node.set.over, frame.scope.view)
    if not ok then
        return false, list
    end
    local good, json = record.encode(list, frame, "over")
    if not good then
        return false, json
    elseif json:sub(1, 1) ~= "[" and json ~= "{}" then
        return false, fault.new("result.invalid", ("over of %s must return a list, got %s"):format(
                                text.label(frame.node), json:sub(1, 1) == "{" and "an object"
                                or text.a(type(list))))
    end
    return true, record.read(json)
end

local function tolerance(node, count)
    local given = node.set.tolerate
    return given and (given.count or count * given.percent // 100) or 0
end

-- What may be tolerated at all: not what ends the run, nor a deadline around the map.
local function is_items_own(failure)
    return not failure.owner and pattern.matches("*", failure.code)
end

local function error_of(i, failure)
    return { index = i, code = failure.code, message = failure.message, step = failure.step }
end

-- Errors in the order of the items, whenever they came.
local function in_order(errors)
    table.sort(errors, function(a, b) return a.index < b.index end)
    return host.array(errors)
end

function map.run(frame, walk)
    local ok, items = items_of(frame)
    if not ok then
        return false, items
    end
    local node, results, errors = frame.node, {}, {}
    local allowed = tolerance(node, #items)
    local failure = branches.run(frame, #items, node.set.max or MAX_DEFAULT, function(i, group)
        local good, result = walk(frame, node.children, {
            suffix = ("[%d]"):format(i), group = group, fields = { item = items[i], index = i } })
        if good then
            results[i] = result == record.NIL and "null" or result
        elseif #errors < allowed and is_items_own(result) then
            results[i] = "null"
            errors[#errors + 1] = error_of(i, result)
        else
            return result
        end
    end)
    if failure then
        return false, failure
    end
    if node.set.tolerate then
        frame.errors = in_order(errors)
    end
    return record.join(results, "[", "]", frame)
end

return map
