describe("renewal", function()
    local function renew(answers)
        return run("renewal", { input = { subscription = "s1" },
                                http = { ["POST https://pay.example.com/charges"] = answers } })
    end

    it("is active when a later try works", function()
        local run = renew({ { status = 402 }, { status = 201, json = {} } })
        assert.equal("active", run.output)
        assert.equal("flow_notification", run.events[1].type)
    end)

    it("is cancelled after three", function()
        local run = renew({ status = 402 })
        assert.equal("cancelled", run.output)
        assert.equal(3, #run.calls)
    end)
end)
