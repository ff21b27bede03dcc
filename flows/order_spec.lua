-- What order does with a shop that is well, unwell, slow, or has no price.
local PRICES = "https://shop.example.com/prices"

local function order(answer, items)
    return run("order", {
        input = { prices_url = PRICES, items = items or { { sku = "A-1", qty = 2 } } },
        http = { ["GET " .. PRICES] = answer },
    })
end

describe("order", function()
    it("adds up the lines", function()
        local r = order({ json = { ["A-1"] = 9.5, ["B-2"] = 3 } },
                        { { sku = "A-1", qty = 2 }, { sku = "B-2", qty = 1 } })
        assert.equal("completed", r.status)
        assert.same({
            lines = { { sku = "A-1", qty = 2, total = 19.0 }, { sku = "B-2", qty = 1, total = 3 } },
            total = 22.0,
        }, r.output)
    end)

    it("asks for all prices in one call", function()
        local r = order({ json = { ["A-1"] = 1, ["B-2"] = 1 } },
                        { { sku = "A-1", qty = 1 }, { sku = "B-2", qty = 1 } })
        assert.equal(1, #r.calls)
        assert.equal(PRICES .. "?sku=A-1&sku=B-2", r.calls[1].url)
    end)

    describe("when the shop is unwell", function()
        it("tries again", function()
            local r = order({ { status = 503 }, { status = 500 }, { json = { ["A-1"] = 4 } } })
            assert.equal(8, r.output.total)
            assert.equal(3, #r.calls)
        end)

        it("gives up after four tries", function()
            local r = order({ status = 503 })
            assert.equal("failed", r.status)
            assert.equal("http.503", r.error.code)
            assert.equal(4, r.error.attempt)
            assert.equal(4, #r.calls)
        end)

        it("waits ten seconds for an answer, not more", function()
            local r = order({ { after = "11s" }, { after = "9s", json = { ["A-1"] = 1 } } })
            assert.equal("completed", r.status)
            assert.equal(2, #r.calls)
        end)

        it("does not try again what cannot heal", function()
            local r = order({ status = 404 })
            assert.equal("http.404", r.error.code)
            assert.equal(1, #r.calls)
        end)
    end)

    it("names the item that has no price", function()
        local r = order({ json = {} })
        assert.equal("order.no_price", r.error.code)
        assert.equal("lines", r.error.step)
        assert.same({ sku = "A-1" }, r.error.data)
    end)
end)
