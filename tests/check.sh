#!/bin/sh
# moonmill check as its users run it: every broken flow of tests/data/broken against what is to be
# said about it (NAME.txt, line by line), then whole folders, wrong use, exit codes.
# usage: check.sh PATH-OF-MOONMILL [--write], in the project's folder; --write: what is said now is
# what is to be said
. "$(dirname "$0")/shell.sh"
moonmill=$1 write=${2:-}

run() { timeout 60 "$moonmill" check "$@"; }

# broken PATH: what is said about it is what PATH.txt holds (without .lua).
broken() {
    expected=${1%.lua}.txt
    run "$1" >"$work/out" 2>&1 </dev/null
    if [ "$write" = --write ]; then
        cp "$work/out" "$expected"
    elif diff -u "$expected" "$work/out" >"$work/diff" 2>&1; then
        echo "ok: $1"
    else
        fail "$1"
        sed 's/^/    /' "$work/diff"
    fi
}

count=0
for flow in tests/data/broken/*.lua tests/data/broken/lib/*.lua; do
    broken "$flow"
    count=$((count + 1))
done
broken tests/data/broken/index
broken tests/data/broken/index_syntax
if [ "$count" -lt 40 ]; then
    fail "only $count broken flows"
fi

check "the flows of this repository" 0 '^[0-9]* files, 0 errors, 0 warnings$' flows
check "the flows of the folder we are in" 0 ', 0 errors, 0 warnings$'
check "one flow" 0 '^1 file, 0 errors, 0 warnings$' flows/hello.lua
check "a folder of broken flows" 1 '^[0-9]* files, [0-9]* errors' tests/data/broken
check "a warning is no error" 0 '^1 file, 0 errors, 1 warning$' tests/data/broken/timeout_longer.lua
check "one document" 1 '"line":5,"column":9,"hint":"did you mean' --json \
    tests/data/broken/option_unknown.lua
check "one document's numbers" 1 '\],"errors":3,"warnings":0,"files":1}$' --json \
    tests/data/broken/option_unknown.lua
check "one document of nothing" 0 '^{"findings":\[\],"errors":0,"warnings":0,"files":1}$' --json \
    flows/hello.lua
printf 'while true do\nend\n' >"$work/endless.lua"
EXECUTOR_INSTRUCTION_LIMIT=1000000 check "instructions without end" 1 'limit.instructions' \
    "$work/endless.lua"
check "help" 0 'usage: moonmill check' --help
check "an unknown option" 2 'bogus' --bogus
check "no such flows folder" 2 'nowhere' --flows nowhere flows/hello.lua
check "no such path" 3 'nowhere' nowhere
check "a spec" 3 'moonmill test' nowhere_spec.lua

# No step is run: these would end the run, or never.
mkdir -p "$work/flows/lib/deep" "$work/flows/board"
cat >"$work/flows/quiet.lua" <<'FLOW'
local money = require "deep.money"
return flow "quiet" {
    task "never" (function() while true do end end),
    task "loud" (function(s, ctx) ctx.fail("step.ran", money.round(s.never)) end),
    map "each" { over = function() error("over ran") end,
                 task "one" (function() error("ran") end) },
    choice "way" { when("left", function() error("a predicate ran") end) {
        task "a" (function() error("ran") end) } },
}
FLOW
cat >"$work/flows/lib/deep/money.lua" <<'FLOW'
local money = {}
function money.round(amount) return math.floor(amount) end
return money
FLOW
echo 'return flow "board" { task "a" (function(s) return s.input end) }' \
    >"$work/flows/board/flow.lua"
echo 'describe("quiet", function() end)' >"$work/flows/quiet_spec.lua"
check "no step is run" 0 '^3 files, 0 errors, 0 warnings$' "$work/flows"
check "a board's flow alone" 0 '^1 file, 0' "$work/flows/board/flow.lua"
check "a flow of another folder" 0 '^1 file, 0' --flows "$work/flows" "$work/flows/quiet.lua"
cp "$work/flows/quiet.lua" "$work/quiet.lua"
check "a flow without its modules" 1 'no module "deep.money"' "$work/quiet.lua"
check "a flow with modules from elsewhere" 0 '^1 file, 0' --flows "$work/flows" "$work/quiet.lua"

# What no worker is shown.
{ echo 'return flow "big" { task "a" (function() return [['
  head -c 1100000 /dev/zero | tr '\0' 'x'; echo ']] end) }'; } >"$work/big.lua"
check "a file over 1 MiB" 1 'over 1 MiB \[source.size\]' "$work/big.lua"
mkfifo "$work/pipe.lua"
check "a pipe" 1 'source.unreadable' "$work/pipe.lua"
: >"$work/empty.lua"
check "an empty file" 1 'flow.missing' "$work/empty.lua"
if [ "$(id -u)" -ne 0 ]; then
    echo 'return 1' >"$work/closed.lua"
    chmod 000 "$work/closed.lua"
    check "a file that cannot be read" 1 'source.unreadable' "$work/closed.lua"
fi
# A worker that a file ends is followed by the next one.
printf 'local t = {} while true do t[#t + 1] = ("x"):rep(100000) .. #t end' >"$work/flows/a.lua"
check "a file that ends its worker" 1 '4 files, 1 error, 0 warnings' "$work/flows"

if timeout 60 "$moonmill" check tests/data/broken 2>&1 | grep -q "$(printf '\033')"; then
    fail "colours, or control characters, where there is no terminal"
fi
exit "$failed"
