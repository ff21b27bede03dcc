describe("quote", function()
    it("adds tax", function()
        assert.same({ sku = "A", gross = 119 }, run("quote", { input = { sku = "A", cents = 100 } }).output)
    end)

    it("rounds", function()
        assert.equal(11, run("quote", { input = { sku = "A", cents = 10, percent = 7 } }).output.gross)
    end)
end)
