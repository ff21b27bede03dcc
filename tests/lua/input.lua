-- Cases of input shapes. lib/judge.lua tells the fields.
local function flow(shape)
    return ([[return flow "a" { input = %s, task "b" (function(s) return s.input end) }]])
        :format(shape)
end

return {
    { name = "a payload of the right shape passes, unknown keys too",
      flow = flow [[{ n = "string", q = "integer?", t = { "string" }, a = { c = "string" } }]],
      payload = [[{"n":"x","t":["y"],"a":{"c":"z"},"more":1}]],
      expect = { output = [[{"a":{"c":"z"},"more":1,"n":"x","t":["y"]}]] } },
    { name = "every violation is listed, by path",
      flow = flow [[{ order = "string", qty = "integer", tags = { "string" },
                      address = { city = "string" }, ok = "boolean" }]],
      payload = [[{"order":5,"tags":["a",1,null],"address":{},"ok":"yes"}]],
      expect = { code = "input.invalid",
                 message = "input.address.city: missing; input.ok: expected boolean, got string; "
                 .. "input.order: expected string, got number; input.qty: missing; "
                 .. "input.tags[2]: expected string, got number; "
                 .. "input.tags[3]: expected string, got null" } },
    { name = "an absent payload counts as an empty object",
      flow = flow [[{ n = "string?" }]], expect = { output = "{}" } },
    { name = "an absent payload misses what is required",
      flow = flow [[{ n = "string" }]],
      expect = { code = "input.invalid", message = "input.n: missing" } },
    { name = "null is no string, but it may stand for what is optional",
      flow = flow [[{ a = "string", b = "string?" }]], payload = [[{"a":null,"b":null}]],
      expect = { code = "input.invalid", message = "input.a: expected string, got null" } },
    { name = "a payload that is no object is refused",
      flow = flow [[{ a = "any" }]], payload = "[1]",
      expect = { code = "input.invalid", message = "input: expected object, got array" } },
    { name = "an integer is not a float",
      flow = flow [[{ a = "integer", b = "number" }]], payload = [[{"a":1.5,"b":2}]],
      expect = { code = "input.invalid", message = "input.a: expected integer, got number" } },
    { name = "lists of objects are checked in depth",
      flow = flow [[{ items = { { sku = "string", qty = "integer" } } }]],
      payload = [[{"items":[{"sku":"a","qty":1},{"sku":2}]}]],
      expect = { code = "input.invalid",
                 message = "input.items[2].qty: missing; "
                 .. "input.items[2].sku: expected string, got number" } },
    { name = "an object where a list is wanted is refused, and the other way",
      flow = flow [[{ a = { "any" }, b = { c = "any?" }, t = "table", o = "object" }]],
      payload = [[{"a":{"x":1},"b":[1],"t":[1],"o":[1]}]],
      expect = { code = "input.invalid",
                 message = "input.a: expected array, got object; input.b: expected object, got "
                 .. "array; input.o: expected object, got array" } },
    { name = "an empty array is no object",
      flow = flow [[{ o = "object", a = { "any" } }]], payload = [[{"o":[],"a":{}}]],
      expect = { code = "input.invalid", message = "input.a: expected array, got object; "
                 .. "input.o: expected object, got array" } },
    { name = "a list of violations ends somewhere",
      flow = flow [[{ l = { "string" } }]],
      payload = "{\"l\":[" .. ("1,"):rep(29) .. "1]}",
      expect = { code = "input.invalid",
                 says = { "input.l[20]: expected string", "and 10 more" } } },
    { name = "bad input fails before the first step",
      flow = [[return flow "a" { input = { n = "string" },
        task "b" (function(_, ctx) ctx.log("ran") end) }]],
      payload = [[{"n":1}]], expect = { code = "input.invalid", events = {}, progress = {} } },
}
