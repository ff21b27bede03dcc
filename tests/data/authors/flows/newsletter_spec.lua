describe("newsletter", function()
    it("writes to every segment", function()
        local run = run("newsletter", { http = {
            ["GET https://crm.example.com/segments"] = { json = { "a", "b" } },
            ["POST https://mail.example.com/send"] = { status = 202, json = {} },
        } })
        assert.same({ sent = 2 }, run.output)
    end)
end)
