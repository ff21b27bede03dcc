-- shape_schema: what a flow takes, as JSON Schema (draft 2020-12): for forms and other programs.
-- A flow that declares an input_schema has it already; a shape (input.lua) is turned into one.
local host = ...

local shape_schema = {}

local TYPES = { string = "string", number = "number", integer = "integer", boolean = "boolean",
                object = "object" }

local of

local function of_fields(fields)
    local properties, required = {}, {}
    for name, field in pairs(fields) do
        properties[name] = of(field)
        if not field.optional then
            required[#required + 1] = name
        end
    end
    table.sort(required)
    return { type = "object", properties = host.object(properties),
             required = host.array(required) }
end

function of(shape)
    if shape.fields then
        return of_fields(shape.fields)
    elseif shape.list then
        return { type = "array", items = of(shape.list) }
    end
    -- "any" and "table" (an object or an array) say less than a type
    return host.object({ type = TYPES[shape.leaf] })
end

-- Of a flow's node, checked; nil: it takes anything.
function shape_schema.of(flow)
    if flow.set.input then
        return of(flow.set.input)
    end
    return flow.set.input_schema and flow.options.input_schema or nil
end

return shape_schema
