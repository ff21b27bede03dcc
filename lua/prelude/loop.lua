-- loop: children again and again until done(s); over max passes: limit.loop.
-- All passes share one scope, so a pass sees the results of the one before; s.index counts them.
-- The result is the last pass's.
local _, use = ...
local fault = use "fault"
local findings = use "findings"
local options = use "options"
local state = use "state"
local strand = use "strand"
local text = use "text"

local MAX_DEFAULT = 100

local loop = { options = { done = options.callback, max = options.count }, step = true }

function loop.validate(node)
    if node.options.done == nil and not node.partial then
        findings.error("run.missing", text.label(node) .. " has no done", node,
                       "write done = function(s) return s.<step> == ... end")
    end
end

function loop.run(frame, walk)
    local node, max = frame.node, frame.node.set.max or MAX_DEFAULT
    local scope = state.open(frame.scope)
    for pass = 1, max do
        state.set(scope, "index", pass)
        local ok, result = walk(frame, node.children, { suffix = ("[%d]"):format(pass),
                                                       scope = scope })
        if not ok then
            return false, result
        end
        local good, done = strand.call(frame, node.set.done, scope.view)
        if not good then
            return false, done
        elseif done then
            return true, result
        end
    end
    return false, fault.new("limit.loop", ("%s: not done after %d passes"):format(
                            text.label(node), max))
end

return loop
