return flow "state_unknown" {
    input = { id = "string" },

    task "fetch" (function(s) return { title = s.input.id } end),
    seq "pages" {
        task "inner" (function(s) return s.fetch.title end),
    },
    task "render" (function(s)
        local function head()
            return s.fecth.title
        end
        return head() .. s["inner"]
    end),
    task "store" {
        when = function(s) return s.rendr end,
        run = function(s) return s.item end,
        catch = { on "*" { task "voucher" (function(s) return s.err.message end) } },
        undo = function(s) return s.err end,
    },
}
