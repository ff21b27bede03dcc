-- Waits and retries take no time here, and requests meet the answers that the test gives.
describe("refund", function()
    local BANK = "POST https://bank.example.com/refunds"

    it("pays a small amount at once", function()
        local result = run("refund", {
            input = { order = "A-1", amount = 20 },
            http = { [BANK] = { status = 201, json = { id = "R-1" } } },
        })
        assert.equal("completed", result.status)
        assert.same({ refund = "R-1", approved_by = "policy" }, result.output)
    end)

    it("asks about a large amount", function()
        local result = run("refund", {
            input = { order = "A-2", amount = 900 },
            http = { [BANK] = { status = 201, json = { id = "R-2" } } },
        })
        assert.equal("finance", result.output.approved_by)
        assert.equal("toast", result.events[1].type)
    end)

    it("tries again while the bank is unwell, with the same key", function()
        local result = run("refund", {
            input = { order = "A-3", amount = 20 },
            http = { [BANK] = { { status = 503 }, { status = 201, json = { id = "R-3" } } } },
        })
        assert.equal("completed", result.status)
        assert.equal(2, #result.calls)
        assert.equal(result.calls[1].json.key, result.calls[2].json.key)
    end)

    it("fails when the bank refuses", function()
        local result = run("refund", {
            input = { order = "A-4", amount = 20 },
            http = { [BANK] = { status = 402 } },
        })
        assert.equal("failed", result.status)
        assert.equal("http.402", result.error.code)
        assert.equal("pay", result.error.step)
    end)
end)
