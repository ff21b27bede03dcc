std = "lua54"
max_line_length = 120
exclude_files = { "lua/library" }
-- What a flow has on top of Lua's libraries, and what it has not.
read_globals = { "flow", "task", "seq", "choice", "parallel", "map", "loop", "wait", "call", "when",
                 "otherwise", "on" }
not_globals = { "io", "debug", "package", "load", "loadfile", "dofile", "collectgarbage", "rawget",
                "rawset", "warn", "_G" }
-- What a spec has.
files["**/*_spec.lua"] = {
    read_globals = { "describe", "it", "pending", "before_each", "after_each", "before_all",
                     "after_all", "run", "null", "json", assert = { other_fields = true } },
}
