-- thumbnails: three sizes of a picture side by side, whichever is done first.
local function size(name, width)
    return task(name) {
        timeout = "20s",
        run = function(s, ctx)
            return ctx.http.get("https://img.example.com/resize", {
                query = { src = s.input.picture, w = width },
            }).json.url
        end,
    }
end

return flow "thumbnails" {
    input = { picture = "string" },
    parallel "sizes" {
        max = 2,
        catch = on "timeout" { task "original" (function(s) return { large = s.input.picture } end) },
        size("small", 64), size("medium", 256), size("large", 1024),
    },
    task "store" (function(s) return s.sizes end),
}
