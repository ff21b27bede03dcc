return flow "unloadable" {
    task "a" { rum = function() end },
}
