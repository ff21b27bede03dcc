-- expect: limit.wait at w line 3
-- A wait of three hundred days.
return flow "wait_forever" { wait "w" "300d" }
