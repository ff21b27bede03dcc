describe("invoice_pdf", function()
    it("tries again, and shows no secret", function()
        local run = run("invoice_pdf", { input = { invoice_id = "7" }, http = {
            ["GET https://billing.example.com/invoices/7"] = {
                { status = 503 }, { json = { id = "7", title = "Seven" } } },
            ["PUT https://files.example.com/7"] = { status = 201, json = {} },
        } })
        assert.equal(201, run.output)
        assert.matches("^Bearer ", run.calls[1].headers.authorization)
    end)
end)
