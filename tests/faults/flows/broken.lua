-- Does not load: its step has no body.
return flow "broken" {
    task "nothing",
    flow = 7,
}
