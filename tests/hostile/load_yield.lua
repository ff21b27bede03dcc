-- expect: lua saying "attempt to yield from outside a coroutine"
-- A yield to whoever loads the flow.
coroutine.yield("fetch", "module", "lib.shared")
