-- Each test fails, in another way.
local THINGS = "https://api.example.com/things"

describe("failing", function()
    it("by an assertion", function()
        assert.same({ total = 20 }, { total = 19 })
    end)

    it("by an error", function()
        local nothing
        return nothing.field
    end)

    it("by a value that is no text", function()
        error({ code = 1 })
    end)

    it("by an unmocked request", function()
        run("fetch", { http = { ["GET https://api.example.com/thinks"] = {},
                                ["POST " .. THINGS] = {} } })
    end)

    it("by an unmocked request that the flow caught", function()
        local r = run("caught")
        assert.equal("completed", r.status)
    end)

    it("by an unmocked request that nobody wanted to hear of", function()
        pcall(run, "caught")
    end)

    it("and tells of the run that failed", function()
        local r = run("fetch", { http = { [THINGS] = { status = 404 } } })
        assert.equal("completed", r.status)
    end)

    it("in a mock", function()
        run("fetch", { http = { [THINGS] = function(request) assert.equal("POST", request.method) end } })
    end)

    it("by a name with <&\">\n, in \27[31mcolour # 1 \0 \u{FFFE}", function()
        error("<&\">\27[31m]]>")
    end)
end)

describe("a hook", function()
    describe("before_each", function()
        before_each(function() error("no luck") end)
        it("fails its test", function() end)
    end)

    describe("after_each", function()
        after_each(function() error("no end") end)
        it("fails its test", function() end)
    end)

    describe("before_all", function()
        before_all(function() error("no start") end)
        it("fails the first", function() end)
        it("and the second", function() end)
    end)

    describe("after_all", function()
        after_all(function() error("no rest") end)
        it("is told apart", function() end)
    end)
end)
