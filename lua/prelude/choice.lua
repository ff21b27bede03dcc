-- choice: the first branch whose predicate is true; none, and no otherwise: no_match.
-- The branch that was chosen is a record, so that a run that goes on later takes the same one.
-- Its result is the branch's.
local host, use = ...
local fault = use "fault"
local findings = use "findings"
local record = use "record"
local strand = use "strand"
local text = use "text"

local choice = { options = {}, children = { when = true, otherwise = true }, step = true }

function choice.validate(node)
    local closed, seen = false, {}
    for _, branch in ipairs(node.children) do
        if closed then
            findings.warning("branch.unreachable", ("%s: %s stands after otherwise"):format(
                             text.label(node), text.label(branch)), branch,
                             "put otherwise last")
        elseif seen[branch.name] then
            findings.error("name.duplicate", ("%s: two branches are called %s"):format(
                           text.label(node), text.show(branch.name)), branch,
                           "labels of one choice differ")
        end
        closed = closed or branch.kind == "otherwise"
        seen[branch.name or ""] = true
    end
    if #node.children == 0 and not node.partial then
        findings.error("run.missing", text.label(node) .. " has no branches", node,
                       'put when("label", function(s) ... end) { ... } in it')
    end
end

-- True, the record of the branch that was chosen | false, fault.
local function choose(frame)
    for _, branch in ipairs(frame.node.children) do
        local ok, holds = true, true
        if branch.kind == "when" then
            ok, holds = strand.call(frame, branch.predicate, frame.scope.view)
        end
        if not ok then
            return false, holds
        elseif holds then
            return true, record.new(frame, "chosen", host.encode(branch.name, 1024))
        end
    end
    return false, fault.new("no_match", ("%s: no branch matched, and there is no otherwise")
                                        :format(text.label(frame.node)))
end

function choice.run(frame, walk)
    local ok, chosen = choose(frame)
    if not ok then
        return false, chosen
    end
    local name = record.value(chosen)
    for _, branch in ipairs(frame.node.children) do
        if branch.name == name then
            return walk(frame, branch.children, { segment = name })
        end
    end
end

return choice
