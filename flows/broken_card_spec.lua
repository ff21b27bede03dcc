-- A flow that fails on purpose; its spec passes, because it fails as it should.
describe("broken_card", function()
    local r

    before_each(function()
        r = run("broken_card")
    end)

    it("fails with a code, a step and a line", function()
        assert.equal("failed", r.status)
        assert.equal("card.broken", r.error.code)
        assert.equal("charge", r.error.step)
        assert.matches("broken_card.lua$", r.error.file)
        assert.is_number(r.error.line)
    end)

    it("tells which reader it was", function()
        assert.same({ reader = 7 }, r.error.data)
    end)

    it("never comes to say thank you", function()
        for _, event in ipairs(r.events) do
            assert.are_not.equal("thank you", event.payload.message)
        end
    end)
end)
