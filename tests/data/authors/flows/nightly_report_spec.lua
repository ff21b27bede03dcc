describe("nightly_report", function()
    local function figures(shops)
        local http = { ["GET https://shops.example.com/list"] = { json = { "a", "b", "c", "d" } } }
        for name, answer in pairs(shops) do
            http["GET https://" .. name .. ".example.com/figures"] = answer
        end
        return run("nightly_report", { input = { day = "2026-11-25" }, http = http })
    end
    local ten = { json = { revenue = 10 } }

    it("adds up", function()
        assert.same({ total = 40, missing = 0 }, figures({ a = ten, b = ten, c = ten, d = ten }).output)
    end)

    it("goes without one of four", function()
        local run = figures({ a = ten, b = { status = 500 }, c = ten, d = ten })
        assert.same({ total = 30, missing = 1 }, run.output)
    end)

    it("does not go without two", function()
        local run = figures({ a = ten, b = { status = 500 }, c = { status = 404 }, d = ten })
        assert.equal("failed", run.status)
    end)
end)
