describe("video_export", function()
    local function export(answers)
        return run("video_export", { input = { video = "v" }, http = {
            ["POST https://render.example.com/jobs"] = { status = 202, json = { id = 1 } },
            ["GET https://render.example.com/jobs/1"] = answers,
        } })
    end

    it("waits until it is ready", function()
        local run = export({ { json = { state = "running", percent = 50 } },
                             { json = { state = "ready", url = "https://v.test/1" } } })
        assert.equal("https://v.test/1", run.output)
    end)

    it("fails with the state that it ended in", function()
        assert.equal("export.broken", export({ json = { state = "broken" } }).error.code)
    end)

    it("gives up after thirty looks", function()
        assert.equal("export.late", export({ json = { state = "running" } }).error.code)
    end)
end)
