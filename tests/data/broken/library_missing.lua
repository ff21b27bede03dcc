local start = os.getenv("START")

return flow "library_missing" {
    task "load" (function(s)
        local file = io.open("/etc/passwd")
        os.execute("ls")
        debug.traceback()
        load("return 1")()
        collectgarbage()
        string.dump(s.load)
        string.fmt("%d", 1)
        local unpack = unpack or table.unpack
        return file, start, unpack, package.path
    end),
}
