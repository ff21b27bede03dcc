-- expect: limit.wait
-- A wait of three hundred days.
return flow "wait_forever" { wait "w" "300d" }
