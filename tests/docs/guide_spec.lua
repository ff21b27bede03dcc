-- What the flows of docs/flows.md do; tests/docs.sh takes them out of the page and runs this.
local function completed(run)
    assert.equal("completed", run.status, run.error and run.error.message)
    return run.output
end

describe("docs/flows.md", function()
    it("refunds, as README says", function()
        local run = run("refund", { input = { order = "A", amount = 900 }, http = {
            ["POST https://pay.example.com/refunds"] = { { status = 503 }, { json = "ok" } },
        } })
        assert.equal("ok", completed(run))
        assert.matches("pay$", run.calls[2].json.key)
    end)

    it("greets", function()
        local run = run("greet", { input = { name = "Ada" } })
        assert.same({ text = "Hello, Ada!" }, completed(run))
        assert.equal("Hello, Ada!", run.events[1].payload.message)
    end)

    it("says what is missing in the input", function()
        local run = run("greet", { input = {} })
        assert.equal("input.invalid", run.error.code)
        assert.equal("input.name: missing", run.error.message)
    end)

    it("has scopes", function()
        assert.same({ gross = 238 }, completed(run("scopes", { input = { amount = 100 } })))
    end)

    it("has effects", function()
        local run = run("effects", { http = {
            ["GET https://shop.example.com/items?since=2026-01-01"] = { json = { 1, 2 } },
        } })
        local output = completed(run)
        assert.equal(2, output.count)
        assert.equal(36, #output.id)
        assert.equal(64, #output.signature)
        assert.matches("work$", output.key)
    end)

    it("names a secret", function()
        local run = run("billing", { http = { ["https://api.example.com/invoices"] = {} } })
        assert.equal(200, completed(run))
        assert.matches("^Basic ", run.calls[1].headers.authorization)
    end)

    it("chooses", function()
        assert.equal("policy", completed(run("approval", { input = { amount = 500 } })))
        assert.equal("finance", completed(run("approval", { input = { amount = 501 } })))
    end)

    it("loads side by side", function()
        assert.same({ orders = 1, points = 7 }, completed(run("profile", { input = { user = "u" },
            http = {
                ["GET https://shop.example.com/orders/u"] = { json = { { id = 1 } }, after = "3s" },
                ["GET https://points.example.com/u"] = { json = { total = 7 }, after = "1s" },
            } })))
    end)

    it("maps and tolerates", function()
        local function send(request)
            return { status = request.json.to == "b" and 500 or 202 }
        end
        assert.same({ sent = 1, failed = 1 }, completed(run("mailing", {
            input = { people = { "a", "b" } },
            http = { ["POST https://mail.example.com/send"] = send },
        })))
    end)

    it("loops", function()
        assert.equal(16, completed(run("collatz", { input = { n = 7 } })))
    end)

    it("waits", function()
        assert.equal("reminded", completed(run("reminder", { input = { patient = true } })))
    end)

    it("calls", function()
        local run = run("checkout", { input = { amount = 900 } })
        assert.equal("approved by finance", completed(run))
    end)

    it("catches a declined card and skips what follows", function()
        local run = run("charge", { input = { card = "1", cents = 5 }, http = {
            ["POST https://pay.example.com/reservations"] = { status = 402 },
        } })
        assert.equal("completed", run.status)
        assert.is_nil(run.output)
    end)

    it("has variables and entries", function()
        local input = { order = "A", lines = { { sku = "x", qty = 1 } },
                        address = { city = "Ulm" } }
        assert.equal("Thank you for 1 lines", completed(run("order", { input = input })))
        assert.equal("Danke for 1 lines", completed(run("order", {
            input = input, vars = { greeting = "Danke" }, entry = "start-node-7" })))
        local run = run("order", { input = input, vars = { limit = 0 } })
        assert.equal("order.too_long", run.error.code)
    end)

    it("requires modules and checks a schema", function()
        assert.equal("12.05 EUR", completed(run("bill", { input = { cents = 1205 } })))
        assert.equal("input.invalid", run("bill", { input = { cents = -1 } }).error.code)
    end)

    it("pays once, with the same key on each attempt", function()
        local run = run("pay_once", { input = { invoice = "7" }, http = {
            ["POST https://pay.example.com/payments"] = { { status = 503 },
                                                          { json = { ok = true } } },
        } })
        assert.same({ ok = true }, completed(run))
        assert.equal(2, #run.calls)
        local first, second = run.calls[1].headers, run.calls[2].headers
        assert.equal(first["Idempotency-Key"], second["Idempotency-Key"])
    end)

    it("polls until it is done", function()
        assert.equal("https://e.test/x", completed(run("export", { http = {
            ["POST https://export.example.com/jobs"] = { json = { id = 1 } },
            ["GET https://export.example.com/jobs/1"] = {
                { json = { state = "running" } },
                { json = { state = "ready", url = "https://e.test/x" } },
            },
        } })))
    end)

    it("takes a trip back", function()
        local run = run("trip", { input = {}, http = {
            ["POST https://hotel.example.com/bookings"] = { json = { id = "h" } },
            ["POST https://train.example.com/bookings"] = { json = { id = "t" } },
            ["POST https://museum.example.com/bookings"] = { status = 409 },
            ["DELETE https://hotel.example.com/bookings/h"] = { status = 204 },
            ["DELETE https://train.example.com/bookings/t"] = { status = 204 },
        } })
        assert.equal("http.409", run.error.code)
        assert.equal("https://train.example.com/bookings/t", run.calls[4].url)
        assert.equal("https://hotel.example.com/bookings/h", run.calls[5].url)
    end)

    it("thinks in turns", function()
        assert.equal("5", completed(run("agent", { input = { question = "2 + 3?" }, http = {
            ["POST https://model.example.com/chat"] = {
                { json = { tool = "add", arguments = { x = 2, y = 3 } } },
                { json = { content = "5" } },
            },
        } })))
    end)

    it("tells a story piece by piece", function()
        local run = run("story", {})
        assert.equal("Once upon a time", completed(run))
        local chunks = {}
        for _, event in ipairs(run.events) do
            if event.type == "chunk" then
                chunks[#chunks + 1] = event.payload
            end
        end
        assert.same({ "Once", "upon", "a", "time" }, chunks)
    end)
end)
