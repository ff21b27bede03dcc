return flow "entries" {
    entries = {
        ["mgeteriuyn0xj6ga3b8uwujt"] = "laod",
        ["obykfvtz0skd733bq8ci0j0h"] = 5,
    },
    task "load" (function(s) return s.input end),
}
