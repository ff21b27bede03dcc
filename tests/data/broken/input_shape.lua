return flow "input_shape" {
    input = {
        name = "strng",
        count = 5,
        tags = { "string", "number" },
        address = { city = "text" },
    },
    task "load" (function(s) return s.input end),
}
