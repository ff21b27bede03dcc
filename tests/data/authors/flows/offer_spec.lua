describe("offer", function()
    it("adds up quotes", function()
        local lines = { { sku = "A", cents = 100 }, { sku = "B", cents = 200 } }
        local run = run("offer", { input = { lines = lines }, entry = "board-start" })
        assert.equal(357, run.output.gross)
        assert.equal("B", run.output.lines[2].sku)
    end)

    it("says which line is wrong", function()
        local run = run("offer", { input = { lines = { { sku = "A", cents = 1.5 } } } })
        assert.equal("input.lines[1].cents: expected integer, got number", run.error.message)
    end)
end)
