-- expect: limit.stall line 3
-- A pattern that backtracks while the flow loads.
return (("a"):rep(40)):find(("a*"):rep(30) .. "b")
