-- expect: completed 100000
-- Classes, inheritance and metamethods, 100,000 times.
return flow "objects" {
    task "work" (function(s, ctx)
        local Base = {}
        Base.__index = Base
        function Base.new(n) return setmetatable({ n = n }, Base) end
        function Base.__add(a, b) return Base.new(a.n + b.n) end
        local sum = Base.new(0)
        for _ = 1, 100000 do sum = sum + Base.new(1) end
        return sum.n
    end),
}
