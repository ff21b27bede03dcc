describe("researcher", function()
    it("uses tools until it knows", function()
        local run = run("researcher", { input = { question = "?" }, stream_state = true, http = {
            ["POST https://model.example.com/chat"] = {
                { json = { tool = "upper", text = "abc" } },
                { json = { tool = "length", text = "ABC" } },
                function(request) return { json = { answer = table.concat(request.json.talk, " ") } } end,
            },
        } })
        assert.equal("? ABC 3", run.output)
    end)

    it("gives up", function()
        local run = run("researcher", { input = { question = "?" }, http = {
            ["POST https://model.example.com/chat"] = { json = { tool = "upper", text = "a" } },
        } })
        assert.equal("research.lost", run.error.code)
    end)
end)
