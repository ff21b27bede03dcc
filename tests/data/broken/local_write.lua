local count, seen = 0, {}

local function bump(s)
    count = count + 1
    return s.input
end

return flow "local_write" {
    task "add" (function(s)
        local sum = 0
        table.sort(s.input.list, function(a, b)
            sum = sum + 1
            count = count + 1
            return a < b
        end)
        seen = { sum }
        return sum
    end),
    task "bump" (bump),
}
