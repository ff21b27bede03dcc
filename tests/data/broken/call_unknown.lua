return flow "call_unknown" {
    call "other" { flow = "hapiness" },
    call "outside" { flow = "../hello" },
    call "number" { flow = 5 },
}
