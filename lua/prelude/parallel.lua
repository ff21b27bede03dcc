-- parallel: children side by side; the first that fails stops the others at their next wait.
-- max bounds how many are under way at once; each has a scope of its own.
-- The result is an object, { [child name] = result }; nil results are left out.
local host, use = ...
local branches = use "branches"
local options = use "options"
local record = use "record"

local parallel = { options = { max = options.count }, step = true }

function parallel.run(frame, walk)
    local children, results = frame.node.children, {}
    local max = frame.node.set.max or #children
    local failure = branches.run(frame, #children, max, function(i, group)
        local ok, result = walk(frame, { children[i] }, { group = group })
        if not ok then
            return result
        end
        results[i] = result
    end)
    if failure then
        return false, failure
    end
    local pieces = {}
    for i, child in ipairs(children) do
        if results[i] ~= record.NIL then
            pieces[#pieces + 1] = host.encode(child.name, 1024) .. ":" .. results[i]
        end
    end
    return record.join(pieces, "{", "}", frame)
end

return parallel
