-- expect: result.invalid at work line 4 saying "not valid UTF-8"
-- A result that is no UTF-8.
return flow "output_latin1" {
    task "work" (function(s, ctx)
        return "\xff\xfe"
    end),
}
