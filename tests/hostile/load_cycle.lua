-- expect: run.missing | option.type | comma.missing
-- A step that stands in itself.
local step = seq "x"
return flow "load_cycle" { step { step } }
