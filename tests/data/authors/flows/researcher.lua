-- researcher: asks a model, and does what it asks for, until it has an answer.
local TOOLS = { upper = string.upper, length = function(text) return #text end }

return flow "researcher" {
    input = { question = "string" },
    task "turns" {
        timeout = "2m",
        run = function(s, ctx)
            local talk = { s.input.question }
            for turn = 1, 6 do
                ctx.progress(turn * 100 // 6, "turn " .. turn)
                local said = ctx.step("ask", function()
                    return ctx.http.post("https://model.example.com/chat", { json = { talk = talk } }).json
                end)
                if said.answer then
                    return said.answer
                end
                ctx.chunk(said.tool)
                talk[#talk + 1] = ctx.step("use", function()
                    return tostring(TOOLS[said.tool](said.text))
                end)
            end
            ctx.fail("research.lost", "no answer after six turns")
        end,
    },
}
