std = "lua54"
max_line_length = 100
exclude_files = { "lua/library" } -- written by moonmill new
-- What a flow file may use (docs/flows.md) on top of the allow-listed libraries.
local words = { "flow", "task", "seq", "choice", "parallel", "map", "loop", "wait", "call", "when",
                "otherwise", "on" }
files["flows"] = { globals = {}, read_globals = words }
files["tests/data"] = files["flows"]
files["tests/lua"] = files["flows"]
files["tests/faults"] = files["flows"]
files["tests/browser"] = files["flows"]
-- And what a spec may.
local specs = { "describe", "context", "it", "pending", "finally", "before_each", "after_each",
                "before_all", "after_all", "setup", "teardown", "run", "null", "json", "assert" }
files["**/*_spec.lua"] = { read_globals = specs }
files["**/*_spec.lua"].read_globals.assert = { other_fields = true }
