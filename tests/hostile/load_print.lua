-- expect: limit.instructions | limit.memory | timeout saying "loading took longer"
-- Lines without end while the flow loads, of which only the first are kept.
while true do print(("x"):rep(10000)) end
