describe("thumbnails", function()
    local function answer(after)
        return function(request)
            local width = request.url:match("w=(%d+)")
            return { json = { url = "https://cdn.test/" .. width }, after = after }
        end
    end
    local function make(after)
        return run("thumbnails", { input = { picture = "https://p.test/1" },
                                   http = { ["GET https://img.example.com/resize"] = answer(after) } })
    end

    it("makes three", function()
        assert.same({ small = "https://cdn.test/64", medium = "https://cdn.test/256",
                      large = "https://cdn.test/1024" }, make("1s").output)
    end)

    it("takes the original when it takes too long", function()
        assert.same({ large = "https://p.test/1" }, make("1m").output)
    end)
end)
