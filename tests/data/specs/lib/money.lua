-- money: for flows and specs alike.
return { words = function(n) return n .. " coins" end }
