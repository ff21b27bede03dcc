-- Everything that a spec can do, each test passing.
local money = require "money"

local THINGS = "https://api.example.com/things"

-- The message of the failure that f ends with.
local function failure(f, ...)
    local ok, value = pcall(f, ...)
    assert(not ok, "expected a failure")
    return (tostring(value):gsub("^.-_spec%.lua:%d+: ", ""))
end

describe("assert", function()
    it("knows equality by its many names", function()
        assert.equal(1, 1)
        assert.equals(1, 1.0)
        assert.are.equal("a", "a")
        assert.are_equal("a", "a")
        assert.is_not.equal(1, 2)
        assert.are_not.equals({}, {})
        assert.not_equal(1, "1")
        assert.same({ a = { 1, { b = 2 } } }, { a = { 1, { b = 2 } } })
        assert.are.same({}, {})
        assert.are_not.same({ 1 }, { 1, 2 })
        assert.is_not_same({ a = 1 }, { a = 1, b = 2 })
    end)

    it("knows values", function()
        assert.is_true(true)
        assert.is_false(false)
        assert.is_nil(nil)
        assert.is_not_nil(false)
        assert.is_not.True(1)
        assert.truthy(0)
        assert.falsy(nil)
        assert.is_not.truthy(false)
        assert.equal("x", assert("x", "unused"))
    end)

    it("knows types", function()
        assert.is_string("")
        assert.is_number(1.5)
        assert.is_table({})
        assert.is_function(print)
        assert.is_boolean(false)
        assert.is_not_table(null)
        assert.is_not.string(1)
    end)

    it("knows numbers that are near", function()
        assert.near(1, 1.09, 0.1)
        assert.is_not.near(1, 1.2, 0.1)
    end)

    it("knows patterns", function()
        assert.matches("^%d+$", "123")
        assert.matches("a.b", "xa.b", 1, true)
        assert.has_no.match("^%a+$", "123")
    end)

    it("knows errors", function()
        assert.has_error(function() error("boom") end)
        assert.has_error(function() error("boom") end, "boom")
        assert.has.errors(function() error({ code = 7 }) end, { code = 7 })
        assert.has_no.errors(function() end)
        assert.has_no_error(function() end)
        assert.error_matches(function() error("boom 17") end, "boom %d+")
        assert.matches_error(function() error("boom 17") end, "17")
    end)

    it("knows lists without doubles", function()
        assert.unique({ 1, 2, 3 })
        assert.is_not.unique({ 1, 2, 1 })
        assert.unique({ { 1 }, { 1 } })
        assert.is_not.unique({ { 1 }, { 1 } }, true)
    end)

    it("survives a table inside itself", function()
        local a, b = { 1 }, { 1 }
        a.self, b.self = a, b
        assert.same(a, b)
        b[1] = 2
        assert.matches("at %[1%]: expected 1, actual 2", failure(assert.same, a, b))
    end)

    it("shows both sides", function()
        assert.equal("expected the values to be equal\n  expected: 1\n  actual:   \"1\"",
                     failure(assert.equal, 1, "1"))
        assert.equal("expected true\n  got:      null", failure(assert.is_true, null))
        assert.equal("my words\nexpected nil\n  got:      1.0",
                     failure(assert.is_nil, 1.0, "my words"))
    end)

    it("points at what differs, by path", function()
        local told = failure(assert.same, { lines = { { total = 20, sku = "A" } }, gone = true },
                             { lines = { { total = 19, sku = "A" } }, new = {} })
        assert.matches("at gone: missing, expected true", told, 1, true)
        assert.matches("at lines[1].total: expected 20, actual 19", told, 1, true)
        assert.matches("at new: not expected: {}", told, 1, true)
        assert.has_no.match("sku", told:match("at .*"))
    end)

    it("knows null from nil", function()
        assert.matches("at a: expected null, actual 1", failure(assert.same, { a = null }, { a = 1 }))
        assert.matches("at a: missing, expected null", failure(assert.same, { a = null }, {}))
    end)

    it("names the nearest word", function()
        assert.equal('assert.is_equall is no assertion: did you mean "equal"?',
                     failure(function() assert.is_equall(1, 1) end))
        assert.equal("assert.equal takes (expected, actual), got 1 argument",
                     failure(function() assert.equal(1) end))
        assert.equal("there is no global 'descibe': did you mean \"describe\"?",
                     failure(function() return descibe end)) -- luacheck: ignore
    end)
end)

describe("hooks", function()
    local seen = {}
    local function note(word)
        return function() seen[#seen + 1] = word end
    end

    before_all(note "all")
    before_each(note "outer")
    after_each(note "after outer")

    describe("around tests", function()
        before_each(note "inner")
        after_each(note "after inner")

        it("first", function()
            finally(note "finally")
            assert.equal("all outer inner", table.concat(seen, " "))
        end)

        it("second", function()
            assert.equal("all outer inner finally after inner after outer outer inner",
                         table.concat(seen, " "))
        end)
    end)
end)

describe("run", function()
    it("gives what the flow gave", function()
        local r = run("fetch", { http = { [THINGS] = { json = { n = 1 } } } })
        assert.equal("completed", r.status)
        assert.same({ n = 1 }, r.output)
        assert.is_nil(r.error)
        assert.same({ { type = "output", payload = { n = 1 } } }, r.events)
    end)

    it("tells what was asked", function()
        local r = run("fetch", { input = { method = "POST", body = { a = { 1, null } } },
                                 http = { ["POST " .. THINGS] = { status = 201 } } })
        local call = r.calls[1]
        assert.equal("POST", call.method)
        assert.equal(THINGS, call.url)
        assert.equal("test-1:get", call.headers["x-key"])
        assert.equal('{"a":[1,null]}', call.body)
        assert.same({ a = { 1, null } }, call.json)
        assert.is_nil(r.output)
    end)

    it("answers each attempt in its turn", function()
        local r = run("fetch", { http = { ["GET " .. THINGS] = {
            { error = "net.connect" }, { status = 503 }, { json = { ok = true } } } } })
        assert.equal(3, #r.calls)
        assert.same({ ok = true }, r.output)
    end)

    it("repeats the last answer", function()
        local r = run("fetch", { http = { [THINGS] = { { status = 500 }, { status = 502 } } } })
        assert.equal("http.502", r.error.code)
        assert.equal(3, r.error.attempt)
        assert.equal("get", r.error.step)
        assert.matches("fetch.lua$", r.error.file)
        assert.equal("error", r.events[1].type)
        assert.equal("http.502", r.events[1].payload.code)
    end)

    it("asks a function", function()
        local asked
        local r = run("fetch", {
            input = { path = "/things?a=1&b=x%20y&b=z" },
            http = { ["*"] = function(request)
                asked = request
                return request.count < 3 and { status = 500 } or { json = request.query }
            end },
        })
        assert.same({ a = "1", b = { "x y", "z" } }, r.output)
        assert.equal(3, asked.count)
    end)

    it("finds the mock by query, by path, by beginning", function()
        local http = {
            ["GET https://api.example.com/a?x=1"] = { json = "exact" },
            ["https://api.example.com/a"] = { json = "path" },
            ["https://api.example.com/*"] = { json = "short" },
            ["https://api.example.com/b*"] = { json = "long" },
            ["GET https://api.example.com/b*"] = { json = "long, of the method" },
        }
        local function get(path)
            return run("fetch", { input = { path = path }, http = http }).output
        end
        assert.equal("exact", get("/a?x=1"))
        assert.equal("path", get("/a?x=2"))
        assert.equal("long, of the method", get("/bc"))
        assert.equal("short", get("/c"))
    end)

    it("keeps numbers, nulls and text as they are", function()
        local body = { i = 9007199254740993, f = 1.5, n = null, e = {}, u = "ü\u{1F600}" }
        local r = run("fetch", { input = { method = "PUT", body = body }, http = {
            ["PUT " .. THINGS] = function(request) return { body = request.body } end } })
        assert.equal(9007199254740993, r.output.i)
        assert.same(body, r.calls[1].json)
    end)

    it("has branches side by side, and waits that take no time", function()
        local r = run("side", { http = {
            ["https://a.example.com/"] = { after = "20s", json = "a" },
            ["https://b.example.com/"] = { after = "10s", json = "b" },
            ["POST https://c.example.com/"] = function(request) return { json = request.json } end,
        } })
        assert.same({ a = "a", b = "b" }, r.output)
        assert.equal(3, #r.calls)
        assert.same({ percent = 90, step = "nearly" }, r.progress[#r.progress - 1])
        assert.near(620000, r.waited_ms, 1000)
    end)

    it("keeps the flow's own time limit", function()
        local r = run("side", { timeout = "5m", http = {
            ["https://a.example.com/"] = { json = 1 }, ["https://b.example.com/"] = { json = 1 } } })
        assert.equal("failed", r.status)
        assert.equal("limit.wait", r.error.code)
    end)

    it("meets a request's timeout", function()
        local r = run("caught", { http = { [THINGS] = { after = "31s" } } })
        assert.same({ code = "net.timeout" }, r.output)
    end)

    it("can take real time", function()
        local r = run("caught", { clock = "real", http = { [THINGS] = { after = "50ms", json = 1 } } })
        assert.equal(1, r.output)
    end)

    it("sets variables, as their flags allow", function()
        local r = run("settings", { vars = { limit = 3, note = "x", fixed = "no" } })
        assert.same({ limit = 3, note = "x", fixed = "as written" }, r.output.first)
        assert.equal("test-1", r.output.run)
    end)

    it("begins where it is told", function()
        assert.is_nil(run("settings", { entry = "other" }).output.first)
        assert.equal("test-2", run("settings", { entry = "second" }).output.run)
        local r = run("settings", { entry = "nowhere" })
        assert.equal("node.unknown", r.error.code)
    end)

    it("finds versions and modules", function()
        local r = run("priced@1.2.3")
        assert.same({ text = "5 coins", version = "1.2.3" }, r.output)
        assert.equal(money.words(5), run("priced").output.text)
    end)

    it("streams nodes when it is asked to", function()
        local r = run("settings", { stream_state = true })
        assert.equal("node_start", r.events[1].type)
        assert.equal("first", r.events[1].payload.node_id)
    end)

    it("tells of limits of the run", function()
        local r = run("spin", { input = { how = "memory" } })
        assert.equal("limit.memory", r.error.code)
        assert.equal("turn", r.error.step)
    end)

    it("gives up what sleeps longer than the run may", function()
        assert.equal("limit.wait", run("spin", { input = { how = "sleep" } }).error.code)
    end)

    it("raises what a mock raises, and can run again", function()
        assert.has_error(function()
            run("fetch", { http = { ["*"] = function() error("mock") end } })
        end, "mock")
        assert.equal(1, run("fetch", { http = { ["*"] = { json = 1 } } }).output)
    end)

    it("says what is wrong with its arguments", function()
        local function of(...)
            return failure(run, ...)
        end
        assert.equal('run: unknown option "inptu": did you mean "input"?', of("fetch", { inptu = 1 }))
        assert.equal('run: clock is "skip" or "real", got "fast"', of("fetch", { clock = "fast" }))
        assert.matches("run: argument 1 must be a flow's name, got nil", of())
        assert.matches("run: input cannot be JSON", of("fetch", { input = print }))
        assert.matches('http: the key "GET foo" is neither', of("fetch", { http = { ["GET foo"] = {} } }))
        local function mock(value)
            return of("fetch", { http = { [THINGS] = value } })
        end
        assert.matches('a response has no field "stats": did you mean "status"?', mock({ stats = 1 }), 1, true)
        assert.matches('error "net.dsn" is no network error: did you mean "dns"', mock({ error = "net.dsn" }))
        assert.matches("after is a number", mock({ after = 2 }))
        assert.matches("status must be 100 to 599, got 42", mock({ status = 42 }))
        assert.matches("a response is a table", mock("text"))
        assert.matches("json and body cannot both be given", mock({ json = 1, body = "" }))
    end)

    it("tells why a flow does not load", function()
        local told = failure(run, "unloadable")
        assert.matches('the flow "unloadable" does not load', told)
        assert.matches('unloadable.lua:2: task "a": unknown option "rum"', told, 1, true)
        assert.matches('did you mean "run"', told, 1, true)
        assert.matches('did you mean "fetch"', failure(run, "fetsch"), 1, true)
    end)
end)

pending("a test that is yet to come")
it("a test without a function")
it("a test that gives itself up", function() pending("not on this machine") end)
