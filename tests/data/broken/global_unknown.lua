return flow "global_unknown" {
    task "load" (function(s)
        if DEBUG then
            pirnt(s.input)
        end
        if s.input.name == null then
            return tabel.concat({})
        end
        return completely_made_up(s)
    end),
    tsak "store" (function(s) return s.load end),
}
