return flow "call_cycle_back" {
    call "back" { flow = "call_cycle" },
}
