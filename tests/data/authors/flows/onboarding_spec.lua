describe("onboarding", function()
    local http

    before_each(function()
        http = {
            ["POST https://accounts.example.com/v1/accounts"] = { json = { id = "a1" } },
            ["POST https://mail.example.com/send"] = { status = 202, json = {} },
            ["POST https://billing.example.com/invoices"] = { json = { number = "R-1" } },
        }
    end)

    it("sends no invoice for the free plan", function()
        local run = run("onboarding", { input = { email = "a@b.test" }, http = http })
        assert.same({ account = "a1" }, run.output)
        assert.equal(2, #run.calls)
    end)

    it("takes the plan of the operator", function()
        local run = run("onboarding", { input = { email = "a@b.test" }, http = http,
                                        vars = { default_plan = "pro" } })
        assert.equal("R-1", run.output.invoice)
    end)

    it("takes the account back when the mail cannot be sent", function()
        http["POST https://mail.example.com/send"] = { status = 422 }
        http["DELETE https://accounts.example.com/v1/accounts/a1"] = { status = 204 }
        local run = run("onboarding", { input = { email = "nobody" }, http = http })
        assert.equal("http.422", run.error.code)
        assert.equal("DELETE", run.calls[#run.calls].method)
    end)
end)
