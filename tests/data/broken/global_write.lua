config = {
    url = "https://example.com",
}

function helper()
    return config.url
end

string.trim = function(text) return text end

return flow "global_write" {
    task "load" (function(s)
        result = s.input
        table = nil
        return helper()
    end),
}
