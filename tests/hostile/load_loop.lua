-- expect: limit.instructions
-- A loop while the flow loads.
while true do end
