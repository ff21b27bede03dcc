-- slow: waits, so that it can be seen under way.
return flow "slow" {
    about = "takes its time",

    wait "a_while" "2200ms",
}
