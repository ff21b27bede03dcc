-- state: what a step sees as s: the input and the results of the steps before it, nearest scope
-- first. A scope is a flat table (a copy of the one around it): a name is found in one look and a
-- nil result hides an outer one. Authors see it through a read-only view.
local host, use = ...
local record = use "record"

local state = {}

local function wrap(flat)
    return { flat = flat, view = host.view(flat) }
end

function state.new(input)
    return wrap({ input = input })
end

-- A scope inside another; fields: further names, as err in a handler.
function state.open(outer, fields)
    local flat = {}
    for name, value in pairs(outer.flat) do
        flat[name] = value
    end
    for name, value in pairs(fields or {}) do
        flat[name] = value
    end
    return wrap(flat)
end

-- A finished step's result takes its name.
function state.put(scope, name, it)
    scope.flat[name] = record.value(it)
end

-- Another value under a name that is no step's.
function state.set(scope, name, value)
    scope.flat[name] = value
end

-- The tolerated failures of a map, as s.errors.<name>; the table is shared with inner scopes, so a
-- new one takes its place.
function state.put_errors(scope, name, errors)
    local all = {}
    for other, list in pairs(scope.flat.errors or {}) do
        all[other] = list
    end
    all[name] = errors
    scope.flat.errors = all
end

return state
