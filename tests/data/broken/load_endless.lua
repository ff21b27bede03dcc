local sea = string.rep("a", 1000)
while true do
  sea:find(".-b")
end
