describe("webhook", function()
    it("announces orders", function()
        local run = run("webhook", { input = { kind = "order.paid", id = "7", body = {} } })
        assert.equal("orders", run.output.to)
        assert.equal("toast", run.events[1].type)
    end)

    it("starts dunning, also when that is slow to wake", function()
        local run = run("webhook", {
            input = { kind = "payment.failed", id = "a/b", body = { n = 1 } },
            http = { ["POST https://dunning.example.com/a%2Fb"] = {
                { status = 429, headers = { ["retry-after"] = "3" } }, { json = { queue = "q1" } } } },
        })
        assert.equal("q1", run.output.to)
    end)

    it("says what it does not know", function()
        local run = run("webhook", { input = { kind = "cat", id = "1", body = {} } })
        assert.equal("no_match", run.error.code)
    end)
end)
