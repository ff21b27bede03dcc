return flow "tabs" {
	about = "日本語", tiemout = "1s",
	task "a" (function(s) return "éé", s.bb end),
	task "[31mred" (function() return 1 end),
}
