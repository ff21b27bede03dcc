-- Cases of input_schema. lib/judge.lua tells the fields.
local function flow(schema)
    return ([[return flow "a" { input_schema = %s, task "b" (function(s) return s.input end) }]])
        :format(schema)
end

-- What a payload is told that is not as the schema wants it.
local function refused(name, schema, payload, message)
    return { name = name, flow = flow(schema), payload = payload,
             expect = { code = "input.invalid", message = message } }
end

local function accepted(name, schema, payload)
    return { name = name, flow = flow(schema), payload = payload, expect = { output = payload } }
end

-- A schema that does not load.
local function wrong(name, schema, code, ...)
    return { name = name, flow = flow(schema),
             expect = { findings = { "error " .. code .. " 1" }, says = { ... } } }
end

local CARD = [[{ oneOf = {
    { properties = { kind = { const = "card" }, number = { type = "string" } },
      required = { "number" } },
    { properties = { kind = { const = "bill" }, days = { type = "integer", maximum = 90 } } },
} }]]

return {
    accepted("an object as it should be, and properties that no schema names",
             [[{ type = "object", required = { "n" }, title = "A", description = "B",
                 properties = { n = { type = "string" }, q = { type = "integer" } } }]],
             [[{"more":[1],"n":"x","q":5}]]),
    refused("every violation is listed, by path",
            [[{ type = "object", required = { "id" }, properties = { items = { type = "array",
                items = { type = "object", properties = { qty = { type = "integer" } } } },
                tag = { type = { "string", "null" } } } }]],
            [[{"items":[{"qty":1},{},{"qty":"3"},4],"tag":false}]],
            "input.id: missing; input.items[3].qty: expected integer, got string; "
            .. "input.items[4]: expected object, got number; "
            .. "input.tag: expected string or null, got boolean"),
    refused("an integer is not a float", [[{ properties = { a = { type = "integer" } } }]],
            [[{"a":1.5}]], "input.a: expected integer, got number"),
    accepted("an integer is a number", [[{ properties = { a = { type = "number" } } }]],
             [[{"a":1}]]),
    accepted("a list of types takes each",
             [[{ items = { type = { "integer", "string", "null", "boolean", "array" } } }]],
             [=[[1,"a",null,true,[]]]=]),
    refused("null is no string", [[{ properties = { a = { type = "string" } } }]], [[{"a":null}]],
            "input.a: expected string, got null"),
    refused("an empty array is no object",
            [[{ properties = { o = { type = "object" }, a = { type = "array" } } }]],
            [[{"o":[],"a":{}}]],
            "input.a: expected array, got object; input.o: expected object, got array"),
    { name = "an absent payload is an empty object",
      flow = flow [[{ type = "object" }]], expect = { output = "{}" } },
    { name = "an absent payload misses what is required",
      flow = flow [[{ required = { "n", "n" } }]],
      expect = { code = "input.invalid", message = "input.n: missing" } },
    { name = "an absent payload is no list",
      flow = flow [[{ type = "array" }]],
      expect = { code = "input.invalid", message = "input: expected array, got null" } },
    refused("a value of enum is another's",
            [[{ properties = { size = { enum = { "s", "m", 3 } } } }]], [[{"size":"l"}]],
            [[input.size: expected one of "s", "m", 3, got "l"]]),
    accepted("enum takes each of its values, objects too",
             [[{ items = { enum = { "s", 3, { x = { 1, 2 }, y = true } } } }]],
             [=[["s",3,{"x":[1,2],"y":true}]]=]),
    refused("const is one value, and a number is no text", [[{ items = { const = 1 } }]],
            [=[[1,1.0,"1",2]]=],
            [[input[3]: expected 1, got "1"; input[4]: expected 1, got 2]]),
    refused("minimum and maximum", [[{ items = { minimum = 1, maximum = 2.5 } }]], "[0,1,2.5,3]",
            "input[1]: must be at least 1, got 0; input[4]: must be at most 2.5, got 3"),
    refused("lengths count characters", [[{ items = { minLength = 2, maxLength = 3 } }]],
            [=[["ä","äöü","äöüß"]]=],
            "input[1]: must have at least 2 characters, has 1; "
            .. "input[3]: must have at most 3 characters, has 4"),
    refused("numbers of items", [[{ items = { minItems = 1, maxItems = 2 } }]], "[[],[1],[1,2,3]]",
            "input[1]: must have at least 1 items, has 0; "
            .. "input[3]: must have at most 2 items, has 3"),
    refused("a pattern of Lua", [[{ items = { pattern = "^%u%u%-%d+$" } }]],
            [=[["AB-12","ab-1",5]]=], [[input[2]: must match ^%u%u%-%d+$, got "ab-1"]]),
    refused("no other properties",
            [[{ properties = { name = {} }, additionalProperties = false }]],
            [[{"name":1,"nmae":2,"x":3}]],
            [[input.nmae: is no property of it, did you mean "name"?; ]]
            .. "input.x: is no property of it"),
    refused("other properties of a schema",
            [[{ properties = { name = {} }, additionalProperties = { type = "integer" } }]],
            [[{"name":"a","b":1,"c":"d"}]], "input.c: expected integer, got string"),
    accepted("other properties may be allowed outright", [[{ additionalProperties = true }]],
             [[{"a":1}]]),
    accepted("keywords for another type say nothing",
             [[{ items = { minimum = 1, minLength = 1, minItems = 1, required = { "a" } } }]],
             [=[[null,true]]=]),
    accepted("an alternative that is as it should be", CARD, [[{"kind":"card","number":"1"}]]),
    refused("an alternative that is not", CARD, [[{"days":100,"kind":"bill"}]],
            "input.days: must be at most 90, got 100"),
    refused("no alternative of that name", CARD, [[{"kind":"cash"}]],
            [[input.kind: expected one of "card", "bill", got "cash"]]),
    refused("what tells the alternatives apart is missing", CARD, "{}", "input.kind: missing"),
    refused("alternatives are objects", CARD, "5", "input: expected object, got number"),
    { name = "a list of violations ends somewhere",
      flow = flow [[{ items = { type = "string" } }]], payload = "[" .. ("1,"):rep(29) .. "1]",
      expect = { code = "input.invalid",
                 says = { "input[20]: expected string", "and 10 more" } } },
    { name = "a call's input is checked, too",
      flow = [[return flow "a" { call "c" { flow = "b", input = function() return { n = 0 } end,
        catch = { on "input.invalid" { task "t" (function(s) return s.err.message end) } } } }]],
      files = { ["b.lua"] = [[return flow "b" {
        input_schema = { properties = { n = { minimum = 1 } } },
        task "t" (function(s) return s.input.n end) }]] },
      expect = { output = [["input.n: must be at least 1, got 0"]] } },

    wrong("an unknown keyword", "{ properties = { a = { typ = 1 } } }", "option.unknown",
          "input_schema.properties.a.typ: unknown keyword", [[did you mean \"type\"?]]),
    wrong("an unknown type", [[{ items = { type = "int" } }]], "option.type",
          [[input_schema.items.type: unknown type \"int\"]]),
    wrong("a schema is a table", [["object"]], "option.type",
          "input_schema must be a table, got object"),
    wrong("a limit is a number", [[{ minimum = "1" }]], "option.type",
          "input_schema.minimum must be a number, got 1"),
    wrong("a size is a whole number", [[{ maxLength = -1 }]], "option.type",
          "input_schema.maxLength must be a whole number, 0 or more, got -1"),
    wrong("required is a list", [[{ required = "name" }]], "option.type",
          "input_schema.required must be a list of names, got name"),
    wrong("properties have names", [[{ properties = { { type = "string" } } }]], "option.type",
          "input_schema.properties must be a table of names and schemas, got a list"),
    wrong("enum is a list", [[{ enum = {} }]], "option.type",
          "input_schema.enum must be a list of values"),
    wrong("a constant can be JSON", [[{ const = print }]], "option.type",
          "input_schema.const cannot be JSON"),
    wrong("a pattern without an end", [[{ pattern = "a[%d" }]], "option.type",
          [=[input_schema.pattern \"a[%d\" is no pattern of Lua: a [ has no ]]=]),
    wrong("alternatives that nothing tells apart",
          [[{ oneOf = { { properties = { a = {} } }, { properties = { a = {} } } } }]],
          "option.type", "input_schema.oneOf: no property tells the alternatives apart"),
    wrong("alternatives with the same const",
          [[{ oneOf = { { properties = { a = { const = 1 } } },
                        { properties = { a = { const = 1 } } } } }]],
          "option.type", "input_schema.oneOf: no property tells the alternatives apart"),
    { name = "a schema that holds itself",
      flow = [[local s = {} s.items = s
return flow "a" { input_schema = s, task "b" (function() end) }]],
      expect = { findings = { "error option.type 2" }, says = { "nested over 32 deep" } } },
    { name = "input and input_schema together",
      flow = [[return flow "a" { input = { n = "any" }, input_schema = {},
        task "b" (function() end) }]],
      expect = { findings = { "error option.type 1" },
                 says = { [[flow \"a\": both input and input_schema]], "keep one of them" } } },
}
