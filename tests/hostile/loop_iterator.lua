-- expect: limit.instructions at work
-- An iterator that never ends its for.
return flow "loop_iterator" {
    task "work" (function(s, ctx)
        for _ in function() return true end do end
    end),
}
