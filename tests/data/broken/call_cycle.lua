return flow "call_cycle" {
    call "there" { flow = "call_cycle_back" },
}
