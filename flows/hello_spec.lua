-- What hello does, told by tests: moonmill test flows/hello_spec.lua
describe("hello", function()
    it("greets by name", function()
        local r = run("hello", { input = { name = "Ada" } })
        assert.equal("completed", r.status)
        assert.same({ text = "Hello, Ada!" }, r.output)
    end)

    it("greets the world when nobody is named", function()
        assert.equal("Hello, world!", run("hello").output.text)
    end)

    it("logs what it says", function()
        local r = run("hello", { input = { name = "Ada" } })
        assert.same({ type = "log", payload = { message = "Hello, Ada!" } }, r.events[1])
    end)

    it("refuses a name that is no text", function()
        local r = run("hello", { input = { name = 7 } })
        assert.equal("failed", r.status)
        assert.equal("input.invalid", r.error.code)
        assert.matches("input.name: expected string, got number", r.error.message, 1, true)
    end)
end)
