-- video_export: begins an export elsewhere and looks every ten seconds whether it is done.
return flow "video_export" {
    input = { video = "string" },
    timeout = "10m",
    task "begin" (function(s, ctx)
        return ctx.http.post("https://render.example.com/jobs", {
            headers = { Authorization = "Bearer " .. ctx.secret "render" },
            json = { video = s.input.video },
            expect = 202,
        }).json
    end),
    loop "progress" {
        max = 30,
        done = function(s) return s.look.state ~= "running" end,
        wait "pause" "10s",
        task "look" (function(s, ctx)
            local job = ctx.http.get("https://render.example.com/jobs/" .. s.begin.id).json
            ctx.progress(job.percent or 0)
            return job
        end),
        catch = { on "limit.loop" { task "late" (function() return { state = "late" } end) } },
    },
    task "result" (function(s, ctx)
        if s.progress.state ~= "ready" then
            ctx.fail("export." .. s.progress.state, "the export is " .. s.progress.state)
        end
        return s.progress.url
    end),
}
