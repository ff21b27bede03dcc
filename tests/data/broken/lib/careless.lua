local careless = {}

function careless.greet(name)
    message = "Hello, " .. name
    return message
end

function careless.save(text)
    local file = io.open("out.txt", "w")
    file:write(text)
end

return careless
