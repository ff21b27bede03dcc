describe("booking", function()
    local input = { from = "2026-12-01", to = "2026-12-03" }

    it("books both", function()
        local run = run("booking", { input = input, http = {
            ["POST https://hotel.example.com/reservations"] = { json = { id = "h" } },
            ["POST https://train.example.com/reservations"] = { { error = "net.connect" },
                                                                { json = { id = "t" } } },
        } })
        assert.same({ hotel = "h", train = "t" }, run.output)
    end)

    it("gives the hotel back without a train", function()
        local run = run("booking", { input = input, http = {
            ["POST https://hotel.example.com/reservations"] = { json = { id = "h" } },
            ["POST https://train.example.com/reservations"] = { status = 409 },
            ["DELETE https://hotel.example.com/reservations/h"] = { status = 204 },
        } })
        assert.equal("http.409", run.error.code)
        assert.equal("https://hotel.example.com/reservations/h", run.calls[3].url)
    end)

    it("wants days", function()
        local run = run("booking", { input = { from = "tomorrow", extra = 1 } })
        assert.equal("input.invalid", run.error.code)
        assert.matches("input%.to", run.error.message)
    end)
end)
