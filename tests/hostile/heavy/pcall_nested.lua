-- expect: completed 150
-- pcalls in pcalls, 150 deep.
return flow "pcall_nested" {
    task "work" (function(s, ctx)
        local function nest(n)
            if n == 0 then return 0 end
            local ok, depth = pcall(nest, n - 1)
            return ok and depth + 1
        end
        return nest(150)
    end),
}
