describe("refund", function()
    it("gives a voucher when the card is closed", function()
        local run = run("refund", { input = { order = "1", amount = 600 }, http = {
            ["GET https://shop.example.com/orders/1"] = { json = { card = "closed" } },
        } })
        assert.same({ voucher = 600 }, run.output)
    end)
end)
