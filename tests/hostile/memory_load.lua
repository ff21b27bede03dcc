-- expect: limit.memory | timeout saying "loading took longer"
-- Memory is eaten while the flow loads.
local t = {}
while true do t[#t + 1] = ("x"):rep(100000) .. #t end
