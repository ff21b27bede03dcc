-- payload: what a flow is given as s.input, checked against the shape or schema that it declares.
-- Without either anything is taken; an absent payload is an empty object where a shape is declared.
-- All violations are told, by path.
local host, use = ...
local fault = use "fault"
local input = use "input"
local schema = use "schema"

local payload = {}

-- nil, the payload as the flow sees it | a fault. root: the flow's node.
function payload.refuse(root, value)
    local set = root.set
    local absent = value == nil or value == host.null
    local violations
    if set.input then
        value = absent and host.object({}) or value
        violations = input.violations(set.input, value)
    elseif set.input_schema then
        value = absent and schema.absent(set.input_schema) or value
        violations = schema.violations(set.input_schema, value)
    end
    if violations then
        return fault.new("input.invalid", violations, { file = root.file, line = root.line })
    end
    return nil, value
end

return payload
