-- expect: limit.instructions line 3 | timeout saying "loading took longer"
-- A loop while the flow loads.
while true do end
