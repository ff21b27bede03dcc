return flow "entries_step" {
    entries = {
        ["mgeteriuyn0xj6ga3b8uwujt"] = "laod",
        ["obykfvtz0skd733bq8ci0j0h"] = "inner",
    },
    task "load" (function(s) return s.input end),
    seq "outer" { task "inner" (function(s) return s.load end) },
}
