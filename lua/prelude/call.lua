-- call: another flow of the folder in the same run, its steps below this one's path.
-- Its input is input(s), or what s.input is here; it is checked against that flow's shape.
-- Which flow it is was settled when the caller loaded (callees.lua); the result is its last step's.
local _, use = ...
local deadline = use "deadline"
local findings = use "findings"
local options = use "options"
local payload = use "payload"
local state = use "state"
local text = use "text"

local call = { options = { flow = options.flow_name }, children = {}, step = true }

function call.validate(node)
    if node.options.flow == nil and not node.partial then
        findings.error("run.missing", text.label(node) .. " has no flow", node,
                       'write flow = "name"')
    end
end

function call.run(frame, walk)
    local callee = frame.node.callee
    local refused, input = payload.refuse(callee, frame.scope.flat.input)
    if refused then
        return false, refused
    end
    local own = deadline.nearer(frame.deadline, callee.set.timeout, callee.name)
    local ok, result = walk(frame, callee.children, { scope = state.new(input), root = callee,
                                                      limit = own })
    if not ok then
        deadline.settle(result, own, frame.deadline)
    end
    return ok, result
end

return call
