-- Who decides on a refund, and what a closed card gets.
local function refund(amount, card)
    return run("refund", { input = { order = "A-17", amount = amount, card = card } })
end

describe("refund", function()
    it("pays small amounts by policy", function()
        local r = refund(120)
        assert.equal("policy", r.output.by)
        assert.equal(120, r.output.paid)
    end)

    it("asks finance about large ones", function()
        assert.equal("finance", refund(501).output.by)
        assert.equal("policy", refund(500).output.by)
    end)

    it("has one key for one payment", function()
        assert.matches(":pay$", refund(1).output.key)
    end)

    it("gives a voucher when the card is closed", function()
        local r = refund(120, "closed")
        assert.equal("completed", r.status)
        assert.same({ voucher = 120, by = "policy" }, r.output)
        assert.equal("warn", r.events[1].payload.level)
    end)
end)
