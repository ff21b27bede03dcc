std = "lua54"
max_line_length = 100
-- What a flow file may use (see docs/flows.md) on top of the allow-listed libraries.
files["flows"] = {
    globals = {},
    read_globals = { "flow", "task", "seq", "choice", "when", "otherwise", "on" },
}
files["tests/data"] = files["flows"]
files["tests/lua"] = files["flows"]
