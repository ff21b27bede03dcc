-- expect: limit.instructions at work line 5
-- An iterator that never ends its for.
return flow "loop_iterator" {
    task "work" (function(s, ctx)
        for _ in function() return true end do end
    end),
}
