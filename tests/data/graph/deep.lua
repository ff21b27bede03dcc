-- deep: containers in containers, branches in them, a branch without steps, handlers of a choice.
local function nothing() return nil end
local function yes() return true end
local function list() return {} end

local deepest = task "deepest" {
    about = "at the bottom",
    retry = 2,
    run = nothing,
    catch = on "*" { task "sorry" (nothing) },
}

return flow "deep" {
    about = "nested nine deep",
    seq "one" { parallel "two" { map "three" { over = list, max = 2,
        loop "four" { done = yes, max = 10, seq "five" { choice "six" {
            catch = { on "lua" { choice "how_bad" { when("very", yes) { task "page" (nothing) },
                                                    otherwise {} } } },
            when("a", yes) { parallel "seven" {
                deepest,
                task "beside" (nothing),
                seq "eight" { task "x" (nothing), map "nine" { over = list, task "y" (nothing) } },
            } },
            otherwise {},
        } } },
        task "after" (nothing),
    }, task "other" (nothing) } },
    task "last" (nothing),
}
